/**
 * Something that changes and says so: what React's `useSyncExternalStore`, Svelte's stores, Solid's
 * `from` or a plain function need. Both methods may be passed on without their object.
 */

/** What tells the listeners, at once or at the next frame. */
export type Schedule = (tell: () => void) => void;

/** A value that is replaced, never changed. */
export abstract class Store<State> {
  readonly #listeners = new Set<() => void>();
  readonly #schedule: Schedule;
  #cached: State | undefined;
  #due = false;

  protected constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** Calls `listener` after each change; answers what stops it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    // The same function may listen twice, and leave once.
    const own = (): void => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.listened(true);
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.listened(false);
    };
  };

  /** The state: the same object until something changes. */
  readonly getSnapshot = (): State => (this.#cached ??= this.made());

  /** Makes the state. */
  protected abstract made(): State;

  /** Somebody listens now, or nobody any more. */
  protected listened(_listened: boolean): void {}

  /** Something changed. Many changes before the next telling are one. */
  protected changed(): void {
    this.#cached = undefined;
    if (this.#due) return;
    this.#due = true;
    this.#schedule(() => {
      this.#due = false;
      for (const listener of [...this.#listeners]) guarded(listener);
    });
  }
}

/** Calls what is not ours: what it throws is reported, and stops nothing here. */
export function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
