//! What the stories are told with.

pub(crate) mod broker;
pub(crate) mod ear;
pub(crate) mod link;
pub(crate) mod mosquitto;
pub(crate) mod phone;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod strict_phone;
pub(crate) mod world;

/// Tells each story with nothing but this process, and with servers that others wrote: brokers, and web servers in front
/// of the phones.
macro_rules! stories {
    ($($story:ident)*) => {
        $crate::support::told!(over_the_embedded_broker embedded [] $($story)*);
        $crate::support::told!(over_mosquitto mosquitto [#[ignore = "needs Docker"]] $($story)*);
        $crate::support::told!(over_debian_mosquitto debian_mosquitto [#[ignore = "needs mosquitto"]] $($story)*);
        $crate::support::told!(over_rig_mosquitto rig_mosquitto [#[ignore = "needs the rig"]] $($story)*);
        $crate::support::told!(behind_lighttpd lighttpd [#[ignore = "needs lighttpd"]] $($story)*);
        $crate::support::told!(behind_nginx nginx [#[ignore = "needs nginx"]] $($story)*);
    };
}

macro_rules! told {
    ($way:ident $world:ident $ignore:tt $($story:ident)*) => {
        mod $way {
            $($crate::support::told!(@ $world $ignore $story);)*
        }
    };
    (@ $world:ident [$($ignore:tt)*] $story:ident) => {
        #[tokio::test]
        $($ignore)*
        async fn $story() {
            let mut world = crate::support::world::World::$world().await;
            super::$story(&mut world).await;
            world.end().await;
        }
    };
}

pub(crate) use {stories, told};
