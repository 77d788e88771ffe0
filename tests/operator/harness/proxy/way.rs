//! The ways to a proxy and on from it.

use std::{fs, path::PathBuf};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;

use super::Proxy;
use crate::harness::control_plane;

/// A client of the real apiserver, as an administrator, that repeats nothing and says nothing about
/// itself.
pub async fn administrator() -> Client {
    let kubeconfig = Kubeconfig::read_from(&control_plane().kubeconfig).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

impl Proxy {
    /// A kubeconfig of this name that leads here.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.kubeconfig"));
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        });
        fs::write(&path, text.to_string()).unwrap();
        path
    }
}
