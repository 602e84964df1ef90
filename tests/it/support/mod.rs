//! What the stories are told with.

pub(crate) mod broker;
pub(crate) mod ear;
pub(crate) mod link;
pub(crate) mod mosquitto;
pub(crate) mod world;

/// Tells each story over the embedded broker, and over Mosquitto in a container.
macro_rules! stories {
    ($($story:ident)*) => {
        mod over_the_embedded_broker {
            use super::World;
            $(#[tokio::test]
            async fn $story() {
                let mut world = World::embedded().await;
                super::$story(&mut world).await;
                world.end().await;
            })*
        }
        mod over_mosquitto {
            use super::World;
            $(#[tokio::test]
            #[ignore = "needs Docker"]
            async fn $story() {
                let mut world = World::mosquitto().await;
                super::$story(&mut world).await;
                world.end().await;
            })*
        }
    };
}

pub(crate) use stories;
