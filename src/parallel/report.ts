const EACH_BATCH = 10;
const INTERVAL_MS = 1000;

/** Tells on stderr how far a run is. */
export class Report {
  readonly #verbose: number;
  readonly #nJobs: number;
  readonly #start = performance.now();
  #told: number = this.#start;
  #done = 0;

  constructor({ verbose, nJobs }: { readonly verbose: number; readonly nJobs: number }) {
    this.#verbose = verbose;
    this.#nJobs = nJobs;
  }

  done(calls: number): void {
    this.#done += calls;
    const isDue = this.#verbose >= EACH_BATCH || performance.now() - this.#told >= INTERVAL_MS;
    if (this.#verbose > 0 && isDue) this.#tell('');
  }

  end(): void {
    if (this.#verbose > 0) this.#tell(', finished');
  }

  #tell(how: string): void {
    this.#told = performance.now();
    const seconds = ((this.#told - this.#start) / 1000).toFixed(1);
    process.stderr.write(`[Parallel(nJobs=${this.#nJobs})] done ${this.#done}, ${seconds} s${how}\n`);
  }
}
