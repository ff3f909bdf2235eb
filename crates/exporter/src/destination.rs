//! One receiver: its protocol, its address, its queue.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;

use crate::credential::Headers;
use crate::encode::Encoder;
use crate::queue::Queue;
use crate::spool::Spool;
use crate::stats::{Counters, DestinationStats};
use crate::transport::Transport;

/// How a destination is fed; the same for all of a program.
#[derive(Clone, Debug)]
pub(crate) struct Tuning {
    pub(crate) flush_interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) max_batch_bytes: usize,
    /// Whether requests are compressed, if the protocol allows it.
    pub(crate) gzip: bool,
}

/// Everything that the threads which end spans, the worker and the guard share about one
/// destination.
pub(crate) struct Destination {
    pub(crate) name: String,
    pub(crate) endpoint: Uri,
    pub(crate) headers: Headers,
    pub(crate) encoder: Arc<dyn Encoder>,
    /// [`Encoder::preamble`], which does not change.
    pub(crate) preamble: Arc<[u8]>,
    pub(crate) transport: Transport,
    pub(crate) tuning: Tuning,
    pub(crate) queue: Queue,
    pub(crate) counters: Counters,
    spool: Mutex<Option<Spool>>,
    orders: Mutex<Orders>,
}

/// What the guard wants from the worker.
#[derive(Debug, Default)]
struct Orders {
    flushes: Vec<Flush>,
    deadline: Option<Instant>,
    stopped: bool,
    on_stop: Vec<Done>,
}

/// Told when an order is carried out.
pub(crate) type Done = std::sync::mpsc::Sender<()>;

#[derive(Debug)]
struct Flush {
    /// Everything that the queue had accepted by then.
    target: u64,
    done: Done,
}

impl Destination {
    pub(crate) fn new(
        (name, endpoint): (String, Uri),
        headers: Headers,
        encoder: Arc<dyn Encoder>,
        transport: Transport,
        tuning: Tuning,
        queue: Queue,
        spool: Option<Spool>,
    ) -> Self {
        let counters = Counters::default();
        let orders = Mutex::default();
        let recovered = spool.as_ref().map_or(0, Spool::spans);
        counters.recovered.set(recovered);
        counters.spooled.set(recovered);
        let preamble = encoder.preamble().into();
        let spool = Mutex::new(spool);
        Self {
            name,
            endpoint,
            headers,
            encoder,
            preamble,
            transport,
            tuning,
            queue,
            counters,
            spool,
            orders,
        }
    }

    /// The same receiver for a child of `fork`, which shares no lock, no connection and no
    /// folder with its parent.
    pub(crate) fn for_child(&self) -> Self {
        let queue = Queue::new(self.queue.limits());
        queue.inherit(&self.queue);
        Self::new(
            (self.name.clone(), self.endpoint.clone()),
            self.headers.for_child(),
            self.encoder.clone(),
            self.transport.clone(),
            self.tuning.clone(),
            queue,
            None,
        )
    }

    /// Whether requests are compressed.
    pub(crate) fn gzips(&self) -> bool {
        self.tuning.gzip && self.encoder.allows_gzip()
    }

    pub(crate) fn has_spool(&self) -> bool {
        self.spool().is_some()
    }

    fn spool(&self) -> MutexGuard<'_, Option<Spool>> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the spool's folder, if there is one: what takes no time.
    pub(crate) fn with_spool<T>(&self, work: impl FnOnce(&mut Spool) -> T) -> Option<T> {
        let mut spool = self.spool();
        let spool = spool.as_mut()?;
        let done = work(spool);
        self.counters.spooled.set(spool.spans());
        Some(done)
    }

    /// Works on the spool's folder on another thread: a disk may take its time.
    pub(crate) async fn with_spool_elsewhere<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Spool) -> T + Send + 'static,
    ) -> Option<T> {
        let destination = self.clone();
        let work = tokio::task::spawn_blocking(move || destination.with_spool(work));
        work.await.ok()?
    }

    pub(crate) fn stats(&self) -> DestinationStats {
        self.counters.snapshot(&self.name, &self.queue)
    }

    /// Orders that everything recorded until now is delivered; `done` hears when it is.
    pub(crate) fn flush(&self, done: Done) {
        let mut orders = self.orders();
        if !orders.stopped {
            let target = self.queue.totals().0.accepted;
            orders.flushes.push(Flush { target, done });
        }
        drop(orders);
        self.queue.wake().notify_one();
    }

    /// Orders the end: no more spans come in, the worker delivers until `deadline` what it
    /// has. `done` hears when it has stopped. The first deadline holds.
    pub(crate) fn stop(&self, deadline: Instant, done: Done) {
        self.queue.close();
        let mut orders = self.orders();
        if !orders.stopped {
            orders.deadline.get_or_insert(deadline);
            orders.on_stop.push(done);
        }
        drop(orders);
        self.queue.wake().notify_one();
    }

    /// Until when everything has to be delivered, if the end was ordered.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.orders().deadline
    }

    /// Up to which span somebody waits for delivery.
    pub(crate) fn flush_target(&self) -> Option<u64> {
        self.orders().flushes.iter().map(|flush| flush.target).max()
    }

    /// Everything before span `settled` was delivered or lost: tells who waited for it.
    pub(crate) fn settled_until(&self, settled: u64) {
        self.orders().flushes.retain(|flush| {
            let waits = flush.target > settled;
            if !waits {
                // Nobody may be waiting any more.
                let _ = flush.done.send(());
            }
            waits
        });
    }

    /// Leaves the spool's folder to the next exporter, also while open spans keep this one in
    /// memory.
    pub(crate) fn release_spool(&self) {
        self.spool().take();
    }

    /// The worker has stopped.
    pub(crate) fn stopped(&self) {
        let mut orders = self.orders();
        orders.stopped = true;
        orders.flushes.clear();
        for done in orders.on_stop.drain(..) {
            let _ = done.send(());
        }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address may hold a key.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination")
            .field("name", &self.name)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
