// The summaries of traces that this page knows, newest first: pages of `/api/traces` and what came live.

const PAGE = 500;

// Newest is what arrived last: an agent's root, which ends last, does not move its trace.
const newestFirst = (a, b) => b.arrived - a.arrived;

class TraceStore {
  rows = [];
  next = null;
  total = 0;
  loading = false;
  loaded = false;
  /** So many traces the server keeps: what is older than that many is gone. */
  kept = 20_000;
  #byId = new Map();
  #meanwhile = [];
  #reading = new AbortController();

  get(id) {
    return this.#byId.get(id);
  }

  /** Where a summary stands, or would stand. */
  position(summary) {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (newestFirst(this.rows[middle], summary) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  indexOf(id) {
    const summary = this.#byId.get(id);
    return summary ? this.position(summary) : -1;
  }

  /** Reads the first page; what was there goes once it has come. */
  async load(filter) {
    this.#reading.abort();
    const reading = (this.#reading = new AbortController());
    this.loading = true;
    this.#meanwhile = [];
    try {
      const answer = await read(this.#path(filter, null), reading.signal);
      this.rows = [];
      this.#byId.clear();
      this.#take(answer);
      this.loaded = true;
      // What came live while this was under way may be newer.
      for (const summary of this.#meanwhile) this.put(summary);
      return answer;
    } finally {
      if (this.#reading === reading) this.loading = false;
    }
  }

  /** Reads the first page again beside what is there; says so if it does not join on. */
  async refresh(filter) {
    const answer = await read(this.#path(filter, null), this.#reading.signal);
    const newest = this.rows[0];
    const last = answer.traces.at(-1);
    if (answer.next !== null && (!newest || !last || newestFirst(last, newest) < 0)) return false;
    for (const summary of answer.traces) this.put(summary);
    this.total = answer.total;
    return true;
  }

  /** Reads the next page, if there is one and nothing is being read. */
  async more(filter) {
    if (this.loading || this.next === null) return;
    const reading = this.#reading;
    this.loading = true;
    try {
      this.#take(await read(this.#path(filter, this.next), reading.signal));
    } finally {
      if (this.#reading === reading) this.loading = false;
    }
  }

  /** Takes a summary that came live; says whether it is new. */
  put(summary) {
    if (this.loading && this.#meanwhile.length < PAGE) this.#meanwhile.push(summary);
    const known = this.#byId.get(summary.trace_id);
    if (known) {
      if (known.updated > summary.updated) return false;
      this.#remove(known);
    } else if (this.next !== null && this.position(summary) === this.rows.length) {
      return false; // Older than what has been read: its page brings it.
    }
    this.rows.splice(this.position(summary), 0, summary);
    this.#byId.set(summary.trace_id, summary);
    return !known;
  }

  drop(id) {
    const known = this.#byId.get(id);
    if (known) this.#remove(known);
  }

  /** Forgets what the server must have let go by now. */
  trim() {
    this.total = Math.min(this.total, this.kept);
    if (this.rows.length <= this.kept) return;
    for (const old of this.rows.splice(this.kept)) this.#byId.delete(old.trace_id);
    this.next = null;
  }

  #remove(summary) {
    const index = this.position(summary);
    if (this.rows[index] === summary) this.rows.splice(index, 1);
    this.#byId.delete(summary.trace_id);
  }

  #take(answer) {
    this.next = answer.next ?? null;
    this.total = answer.total;
    for (const summary of answer.traces) {
      if (this.#byId.has(summary.trace_id)) continue;
      this.#byId.set(summary.trace_id, summary);
      this.rows.push(summary);
    }
    this.rows.sort(newestFirst);
  }

  #path(filter, before) {
    const params = new URLSearchParams({ limit: PAGE });
    for (const name of FILTERS) if (filter[name]) params.set(name, filter[name]);
    if (before !== null) params.set("before", before);
    return `/api/traces?${params}`;
  }
}
