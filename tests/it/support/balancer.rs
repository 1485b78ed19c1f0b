//! A TCP load balancer for several replicas. Each connection goes to the next replica that accepts it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};

/// A load balancer that runs until it is dropped.
pub(crate) struct LoadBalancer {
    replica_ports: Arc<Mutex<Vec<u16>>>,
    task: tokio::task::JoinHandle<()>,
}

impl LoadBalancer {
    pub(crate) async fn start(port: u16, behind: &[u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let behind = Arc::new(Mutex::new(behind.to_vec()));
        let ports = Arc::clone(&behind);
        let next = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (ports, next) = (ports.lock().unwrap().clone(), Arc::clone(&next));
                tokio::spawn(forward_connection(client, ports, next));
            }
        });
        Self { replica_ports: behind, task }
    }

    /// Sets the replicas that receive connections from now on.
    pub(crate) fn set_replicas(&self, ports: &[u16]) {
        *self.replica_ports.lock().unwrap() = ports.to_vec();
    }
}

impl Drop for LoadBalancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward_connection(mut client: TcpStream, ports: Vec<u16>, next: Arc<AtomicUsize>) {
    for _ in 0..ports.len() {
        let port = ports[next.fetch_add(1, Ordering::Relaxed) % ports.len()];
        if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
