use std::{
    io,
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{
    Notify, OwnedSemaphorePermit, Semaphore,
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use super::{
    Change, StorageError, WriteError,
    disk::Disk,
    lock::Lock,
    shared::Shared,
    state::{Draft, Write},
};

/// Writes that may wait. More callers wait before they are in the queue.
const QUEUE_WRITES: usize = 1024;
/// Bytes of values that may wait.
const QUEUE_BYTES: usize = 32 << 20;
/// Writes that share one commit.
const BATCH_WRITES: usize = 512;
/// Bytes of values that share one commit, one value more or less: far below the history's bound, so that watchers can
/// follow.
const BATCH_BYTES: usize = 4 << 20;

/// How long the first write of a commit waits for others: less than any disk takes for a sync.
const GATHERING: Duration = Duration::from_micros(200);

type Answer = Result<u64, WriteError>;

struct Job {
    write: Write,
    caller: Caller,
}

/// Who waits for an answer.
struct Caller {
    answer: oneshot::Sender<Answer>,
    /// Its room in the queue, until it is answered.
    _room: OwnedSemaphorePermit,
}

impl Caller {
    /// A caller that no longer waits is no error: the write stands all the same.
    fn answer(self, answer: Answer) {
        drop(self.answer.send(answer));
    }
}

enum Message {
    Write(Job),
    Stop,
}

/// Why no more writes are taken, once that is so.
#[derive(Debug, Default)]
struct End {
    why: OnceLock<StorageError>,
    came: Notify,
}

impl End {
    fn because(&self, error: StorageError) {
        // The first reason stays: those after it are its consequences.
        drop(self.why.set(error));
        self.came.notify_waiters();
    }
}

/// Handle to the thread that writes.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    end: Arc<End>,
}

impl Writer {
    pub(super) fn start(shared: Arc<Shared>, disk: Disk, lock: Lock) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE_WRITES);
        let end = Arc::new(End::default());
        let thread = Thread {
            shared,
            disk,
            waiting,
            end: Arc::clone(&end),
            answered: 0,
            stopping: false,
        };
        thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || thread.run(lock))?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        Ok(Self { queue, room, end })
    }

    pub(super) async fn write(&self, write: Write) -> Answer {
        if let Some(why) = self.end.why.get() {
            return Err(why.for_those_after().into());
        }
        let bytes = u32::try_from(write.bytes().min(QUEUE_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await;
        let (answer, answered) = oneshot::channel();
        let caller = Caller {
            answer,
            _room: room.map_err(|_| self.closed())?,
        };
        if self
            .queue
            .send(Message::Write(Job { write, caller }))
            .await
            .is_err()
        {
            return Err(self.closed().into());
        }
        answered
            .await
            .unwrap_or_else(|_| Err(StorageError::writer_died().into()))
    }

    fn closed(&self) -> StorageError {
        self.end
            .why
            .get()
            .map_or(StorageError::Closed(None), StorageError::for_those_after)
    }

    /// Returns when no more writes are taken.
    pub(super) async fn ended(&self) -> StorageError {
        loop {
            let came = self.end.came.notified();
            if let Some(why) = self.end.why.get() {
                return why.clone();
            }
            came.await;
        }
    }

    /// Returns when the file is closed and free.
    pub(super) async fn close(&self) {
        // An error says that the thread has ended already.
        drop(self.queue.send(Message::Stop).await);
        self.queue.closed().await;
    }
}

/// The thread: takes what waits, commits it once, shows it, answers.
struct Thread {
    shared: Arc<Shared>,
    disk: Disk,
    waiting: mpsc::Receiver<Message>,
    end: Arc<End>,
    /// How many writes the last commit answered.
    answered: usize,
    stopping: bool,
}

enum Next {
    Job(Job),
    Nothing,
}

impl Thread {
    fn run(mut self, lock: Lock) {
        let _said_even_in_a_panic = SayEnd(Arc::clone(&self.end));
        while let Some(batch) = self.batch() {
            match self.end.why.get() {
                None => self.write(batch),
                Some(why) => refuse(batch, why),
            }
        }
        self.end.because(StorageError::Closed(None));
        // The file is free before those who wait for the end of the queue are told.
        drop((self.disk, lock));
        self.waiting.close();
        while let Some(message) = self.waiting.blocking_recv() {
            if let Message::Write(job) = message {
                refuse(vec![job], &StorageError::Closed(None));
            }
        }
    }

    /// What waits now; none at the end.
    fn batch(&mut self) -> Option<Vec<Job>> {
        if self.stopping {
            return None;
        }
        // Those who were just answered are about to write again.
        let expected = self.answered + self.waiting.len();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut next = self.first();
        let until = Instant::now() + GATHERING;
        while let Next::Job(job) = next {
            bytes += job.write.bytes();
            batch.push(job);
            if batch.len() >= BATCH_WRITES || bytes >= BATCH_BYTES {
                break;
            }
            next = self.another(batch.len() < expected, until);
        }
        self.answered = batch.len();
        Some(batch)
    }

    fn first(&mut self) -> Next {
        match self.waiting.blocking_recv() {
            Some(message) => self.job(message),
            None => self.end_of_queue(),
        }
    }

    /// Without waiting a moment for those that are expected, the writers would fall into two halves, of which each waits
    /// for the sync of the other.
    fn another(&mut self, expected: bool, until: Instant) -> Next {
        loop {
            match self.waiting.try_recv() {
                Ok(message) => return self.job(message),
                Err(TryRecvError::Disconnected) => return self.end_of_queue(),
                Err(TryRecvError::Empty) if expected && Instant::now() < until => thread::yield_now(),
                Err(TryRecvError::Empty) => return Next::Nothing,
            }
        }
    }

    fn job(&mut self, message: Message) -> Next {
        match message {
            Message::Write(job) => Next::Job(job),
            Message::Stop => self.end_of_queue(),
        }
    }

    fn end_of_queue(&mut self) -> Next {
        self.stopping = true;
        Next::Nothing
    }

    fn write(&self, batch: Vec<Job>) {
        let (answers, changes) = self.decide(batch);
        let durable = if changes.is_empty() {
            Ok(())
        } else {
            self.disk.commit(&changes)
        };
        if let Err(error) = durable {
            return self.fail(answers, &error);
        }
        self.shared.publish(&changes);
        for (caller, answer) in answers {
            caller.answer(answer);
        }
    }

    /// Decides each write on those before it. No answer holds before the changes are durable: also a conflict may be
    /// with a write of the same batch.
    fn decide(&self, batch: Vec<Job>) -> (Vec<(Caller, Answer)>, Vec<Arc<Change>>) {
        let state = self.shared.read();
        let mut draft = Draft::on(&state);
        let answers = batch
            .into_iter()
            .map(|Job { write, caller }| (caller, draft.add(write)))
            .collect();
        (answers, draft.into_changes())
    }

    fn fail(&self, answers: Vec<(Caller, Answer)>, error: &StorageError) {
        self.end.because(error.clone());
        for (caller, _) in answers {
            caller.answer(Err(error.clone().into()));
        }
    }
}

fn refuse(batch: Vec<Job>, why: &StorageError) {
    for Job { caller, .. } in batch {
        caller.answer(Err(why.for_those_after().into()));
    }
}

/// Says that no more writes are taken when the thread is gone, in whatever way.
struct SayEnd(Arc<End>);

impl Drop for SayEnd {
    fn drop(&mut self) {
        self.0.because(StorageError::writer_died());
    }
}
