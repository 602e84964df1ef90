//! What the stories are told with.

pub(crate) mod bed;
pub(crate) mod broker;
pub(crate) mod link;
pub(crate) mod mosquitto;
pub(crate) mod phone;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod rabbitmq;
pub(crate) mod recorder;
pub(crate) mod strict_phone;

/// Tells each story with nothing but this process, and with servers that others wrote: brokers, and web servers in front
/// of the phones. Those in brackets need to be sent what was retained for a subscription with wildcards, which `RabbitMQ` does not do.
macro_rules! stories {
    ($($story:ident)* $([$($wildcards:ident)*])?) => {
        $crate::support::told!(over_rig_rabbitmq rabbitmq [#[ignore = "needs the rig"]] $($story)*);
        $crate::support::everywhere!($($story)* $($($wildcards)*)?);
    };
}

/// Tells each story in every place but `RabbitMQ`.
macro_rules! everywhere {
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
    ($way:ident $bed:ident $ignore:tt $($story:ident)*) => {
        mod $way {
            $($crate::support::told!(@ $bed $ignore $story);)*
        }
    };
    (@ $bed:ident [$($ignore:tt)*] $story:ident) => {
        #[tokio::test]
        $($ignore)*
        async fn $story() {
            let mut bed = crate::support::bed::TestBed::$bed().await;
            super::$story(&mut bed).await;
            bed.end().await;
        }
    };
}

pub(crate) use {everywhere, stories, told};
