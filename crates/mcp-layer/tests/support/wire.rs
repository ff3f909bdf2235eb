//! hyper servers and clients of both versions of HTTP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};
use tower::Service;

/// A version of HTTP, and what serves it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    One,
    Two,
}

impl Http {
    pub const BOTH: [Self; 2] = [Self::One, Self::Two];

    pub fn version(self) -> &'static str {
        match self {
            Self::One => "1.1",
            Self::Two => "2",
        }
    }
}

/// A server that stops with the value, and cuts its connections then.
pub struct Server {
    pub address: SocketAddr,
    accept: JoinHandle<()>,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
        for connection in self.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }
}

/// Serves any Tower service with plain hyper.
pub async fn serve_hyper<S, B>(http: Http, service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::<Mutex<Vec<AbortHandle>>>::default();
    let open = connections.clone();
    let accept = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(service.clone());
            let task = tokio::spawn(async move {
                let io = TokioIo::new(stream);
                // A connection that breaks is what some tests are about.
                match http {
                    Http::One => {
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(io, service)
                            .await;
                    }
                    Http::Two => {
                        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                            .serve_connection(io, service)
                            .await;
                    }
                }
            });
            open.lock().unwrap().push(task.abort_handle());
        }
    });
    Server {
        address,
        accept,
        connections,
    }
}

/// Serves a router with axum, which speaks both versions.
pub async fn serve_axum(router: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accept = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server {
        address,
        accept,
        connections: Arc::default(),
    }
}

/// One connection to a server.
pub struct Client {
    sender: Sender,
    connection: JoinHandle<()>,
}

enum Sender {
    One(hyper::client::conn::http1::SendRequest<Body>),
    Two(hyper::client::conn::http2::SendRequest<Body>),
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Client {
    pub async fn connect(http: Http, address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let io = TokioIo::new(stream);
        match http {
            Http::One => {
                let (sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
                Self {
                    sender: Sender::One(sender),
                    connection: tokio::spawn(async move { drop(connection.await) }),
                }
            }
            Http::Two => {
                let (sender, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                        .await
                        .unwrap();
                Self {
                    sender: Sender::Two(sender),
                    connection: tokio::spawn(async move { drop(connection.await) }),
                }
            }
        }
    }

    pub async fn send(&mut self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        match &mut self.sender {
            Sender::One(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }

    /// HTTP/2 takes many requests at once.
    pub fn clone_sender(&self) -> hyper::client::conn::http2::SendRequest<Body> {
        match &self.sender {
            Sender::Two(sender) => sender.clone(),
            Sender::One(_) => panic!("HTTP/1.1 takes one request at a time"),
        }
    }

    /// Sends a request and reads its answer, as far as it goes.
    pub async fn exchange(&mut self, request: Request<Body>) -> Option<(u16, Bytes)> {
        let response = self.send(request).await.ok()?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        Some((status, bytes.into()))
    }
}

/// A POST of JSON, as hyper's client sends it.
pub fn message(headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request =
        Request::post("http://localhost/mcp").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}
