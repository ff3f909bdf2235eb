//! What stands between an exporter and a collector: a wire that breaks, TLS, a process of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::collector::Collector;

/// A wire whose ends never hear that it was cut.
pub(crate) struct Wire {
    address: SocketAddr,
    /// Connections of an earlier generation are dead.
    generation: Arc<AtomicUsize>,
}

impl Wire {
    pub(crate) fn to(collector: &Collector) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            generation: Arc::default(),
        };
        let (generation, target) = (wire.generation.clone(), collector.address());
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(target).unwrap();
                let born = generation.load(Ordering::SeqCst);
                let ways = [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ];
                for (from, to) in ways {
                    let generation = generation.clone();
                    thread::spawn(move || pump(from, to, &generation, born));
                }
            }
        });
        wire
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Loses what is sent on the connections that there are; new ones work.
    pub(crate) fn cut(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, generation: &AtomicUsize, born: usize) {
    let mut buffer = [0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if generation.load(Ordering::SeqCst) != born {
            // Neither end is closed as long as this thread sleeps.
            thread::park();
        }
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// TLS before a collector; gives its port on `localhost`.
pub(crate) fn tls(collector: &Collector, config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (acceptor, target) = (TlsAcceptor::from(Arc::new(config)), collector.address());
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((near, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut near) = acceptor.accept(near).await else {
                        return;
                    };
                    let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
    });
    port
}

/// This test program again, in a process of its own: only the test `name`, which is ignored
/// otherwise, with `variables`; gives what it says. Panics if it fails.
pub(crate) fn alone(name: &str, variables: &[(&str, &str)]) -> String {
    let this = Command::new(std::env::current_exe().unwrap());
    run_alone(this, name, variables)
}

/// As [`alone`], after `limit`, a command of the shell such as `ulimit -n 40`.
pub(crate) fn alone_within(limit: &str, name: &str, variables: &[(&str, &str)]) {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{limit}; exec \"$0\" \"$@\""));
    shell.arg(std::env::current_exe().unwrap());
    run_alone(shell, name, variables);
}

fn run_alone(mut command: Command, name: &str, variables: &[(&str, &str)]) -> String {
    let output = command
        .args(["--exact", name, "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// A variable that [`alone`] was given.
pub(crate) fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run by another test"))
}
