//! docs/install.md and docs/upgrade.md, line by line: every command of theirs is run, by bash with the real Helm and
//! kubectl. Three things are not as they stand there: the key, the provider's address, and the settings, which are
//! those of tests.

use std::{fs, process::Command};

use k8s_openapi::{
    api::core::v1::{Namespace, Secret},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, api::ListParams};
use serde_json::json;

use crate::{
    harness::{CLIENT, KEY, World},
    helm::{helm, root, template, values_file},
    lifecycle::{NEW, older_chart},
    node::Machines,
    release::{bare_plane, small},
};

const INSTALL: &str = "docs/install.md";
const UPGRADE: &str = "docs/upgrade.md";

/// The blocks of a language in a page, each with the heading that it stands under.
fn blocks(page: &str, language: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root(page)).unwrap();
    let begin = format!("```{language}");
    let (mut heading, mut open, mut blocks) = (String::new(), None, Vec::new());
    for line in text.lines() {
        match &mut open {
            None if line == begin => open = Some(String::new()),
            None => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut heading);
                }
            }
            Some(block) if line == "```" => {
                blocks.push((heading.clone(), std::mem::take(block)));
                open = None;
            }
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

/// What is typed in the blocks of a console under a heading.
fn typed(page: &str, heading: &str) -> String {
    let mut typed = String::new();
    for (under, block) in blocks(page, "console") {
        if under != heading {
            continue;
        }
        for line in block.lines() {
            let command = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> "));
            if let Some(command) = command {
                typed += command;
                typed.push('\n');
            }
        }
    }
    assert!(!typed.is_empty(), "{page}: {heading}");
    typed
}

/// Somebody who follows a page.
struct Reader<'a> {
    world: &'a World,
    values: String,
}

impl Reader<'_> {
    /// Types this into a shell, and returns what it says.
    async fn run(&self, commands: &str) -> String {
        let commands = commands
            .replace("1001$replace-me", KEY)
            .replace("https://api.gcore.com", &self.world.sim.url())
            .replace(
                "helm install livestream-operator charts/livestream-operator ",
                &format!(
                    "helm install livestream-operator charts/livestream-operator --values {} ",
                    self.values
                ),
            );
        let plane = self.world.plane;
        let helm = helm();
        let folders = [
            plane.binary.parent().unwrap().display().to_string(),
            std::path::Path::new(helm.get_program())
                .parent()
                .unwrap()
                .display()
                .to_string(),
            "/usr/local/bin:/usr/bin:/bin".to_owned(),
        ];
        let mut shell = Command::new("bash");
        for (name, value) in helm.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
            .args(["-euo", "pipefail", "-c", &commands])
            .env("PATH", folders.join(":"))
            .env("KUBECONFIG", &plane.kubeconfig)
            .current_dir(root(""));
        // The provider and the machines live on this thread.
        let output = tokio::task::spawn_blocking(move || shell.output().unwrap())
            .await
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{commands}\n{said}\n{errors}");
        said
    }

    async fn follow(&self, page: &str, heading: &str) -> String {
        self.run(&typed(page, heading)).await
    }
}

#[tokio::test]
async fn who_follows_the_pages_reaches_a_ready_stream_and_can_leave_again() {
    let mut world = World::on(bare_plane("pages"), "pages").await;
    "streams".clone_into(&mut world.namespace);
    let machines = Machines::of(&world, "livestream-operator").await;
    let file = values_file(&small(&world));
    let values = file.to_str().unwrap().to_owned();
    let reader = Reader {
        world: &world,
        values,
    };

    reader.follow(INSTALL, "1. The operator").await;
    assert_eq!(machines.running(), 2);
    reader.follow(INSTALL, "2. The key and the account").await;
    let said = reader.follow(INSTALL, "3. A stream").await;
    let id = world.stream_id("keynote").await;
    let address = world.sim.stream(id).unwrap()["push_url"].clone();
    assert!(said.ends_with(address.as_str().unwrap()), "{said}");

    let before = world.sim.changing_calls();
    reader.follow(UPGRADE, "Upgrade").await;
    reader.follow(UPGRADE, "Go back").await;
    let said = reader
        .follow(UPGRADE, "Remove the operator, keep the streams")
        .await;
    assert!(said.contains("keynote"), "{said}");
    assert_eq!(world.stream_id("keynote").await, id);
    assert_eq!(world.sim.changing_calls(), before);

    reader.follow(UPGRADE, "Remove everything").await;
    assert!(world.sim.streams(CLIENT).is_empty());
    let definitions = Api::<CustomResourceDefinition>::all(world.client.clone());
    let left = definitions.list(&ListParams::default()).await.unwrap();
    assert!(left.items.is_empty());
    let namespaces = Api::<Namespace>::all(world.client.clone());
    assert!(namespaces.get_opt("streams").await.unwrap().is_none());
    // Helm waits for the Deployment to go, not for its Pods.
    world
        .until_true("no process is left", async || machines.running() == 0)
        .await;

    // Definitions that somebody made by hand, of an older version, are taken over.
    let older = older_chart("pages-older").join("files/crds");
    let mut commands = format!("kubectl apply --server-side -f {}\n", older.display());
    for (_, block) in blocks(UPGRADE, "sh") {
        commands += &block;
    }
    reader.run(&commands).await;
    let streams = definitions
        .get("livestreams.livestream-operator.io")
        .await
        .unwrap();
    let now = serde_json::to_string(&streams.spec).unwrap();
    assert!(now.contains(NEW));
    fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn account_and_stream_in_one_go() {
    let world = World::on(bare_plane("quick"), "quick").await;
    let machines = Machines::of(&world, &world.namespace).await;
    let (_, block) = blocks(INSTALL, "yaml")
        .into_iter()
        .find(|(heading, _)| heading == "Account and stream in one go")
        .unwrap();
    let block = block.replace("livestream-operator", &world.namespace);
    let page = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}.yaml", world.namespace));
    fs::write(&page, block).unwrap();
    world.secret("gcore", &[("apiKey", KEY)]).await;
    let mut values = small(&world);
    values["account"] = json!({"endpoint": world.sim.url()});
    let file = values_file(&values);
    let reader = Reader {
        world: &world,
        values: String::new(),
    };
    let release = |verb: &str, more: &str| {
        format!(
            "helm {verb} quick charts/livestream-operator --namespace {} --values {} --values {} --wait {more}",
            world.namespace,
            page.display(),
            file.display()
        )
    };
    // The kind is as new as the account.
    reader.run(&release("install", "")).await;
    let account = world.until_account("default", "InStep").await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;

    // From now on the account is an object of the release like the others.
    reader
        .run(&release("upgrade", "--set account.requestsPerSecond=7"))
        .await;
    let now = world.get("StreamingAccount", "default").await.unwrap();
    assert_eq!(now.metadata.uid, account.metadata.uid);
    assert_eq!(now.data["spec"]["requestsPerSecond"], 7);

    // Another key, in a Secret of the chart's.
    let key = format!("--set account.existingSecret.name= --set-literal 'account.apiKey={KEY}'");
    reader.run(&release("upgrade", &key)).await;
    world
        .until("StreamingAccount", "default", "its own key", |object| {
            object.data["spec"]["gcore"]["apiKeySecretRef"]["name"] == "default-api-key"
        })
        .await;
    world.until_account("default", "InStep").await;

    // A user who may edit in the namespace may edit streams.
    let commands = format!(
        "kubectl create rolebinding jane --clusterrole=edit --user=jane --namespace {0}",
        world.namespace
    );
    reader.run(&commands).await;
    world
        .until_true("jane may make streams", async || {
            let asked = ["auth", "can-i", "create", "livestreams", "--as=jane"];
            world.kubectl(&asked, "").await.status.success()
        })
        .await;

    let uninstall = format!(
        "helm uninstall quick --wait --namespace {}",
        world.namespace
    );
    reader.run(&uninstall).await;
    // Helm waits for the Deployment to go, not for its Pods.
    world
        .until_true("no process is left", async || machines.running() == 0)
        .await;
    assert!(world.get("StreamingAccount", "default").await.is_some());
    let secrets = Api::<Secret>::namespaced(world.client.clone(), &world.namespace);
    assert!(secrets.get_opt("default-api-key").await.unwrap().is_some());
    reader.run(&release("install", &key)).await;
    world.edit("keynote", json!({"displayName": "Back"})).await;
    world.until_ready("keynote").await;
    assert_eq!(world.posts(), 1);
}

#[test]
fn the_chart_takes_every_values_block_of_the_page() {
    let blocks = blocks(INSTALL, "yaml");
    assert!(blocks.len() >= 8, "{}", blocks.len());
    for (_, block) in blocks {
        let values: serde_json::Value = serde_saphyr::from_str(&block).unwrap();
        let file = values_file(&values);
        let output = template(&file, &[]);
        fs::remove_file(file).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}: {said}");
    }
}
