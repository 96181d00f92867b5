/** When a text is checked: after a rest without a key, newer before older; and what is told if an answer takes its time. */

import {Gone, newest} from "./api.js";

/** Milliseconds without a key until the text is sent. */
const REST = 80;
/** The same where the last answer came within so many, so that a newer text soon takes the place of an older one. */
const SHORT_REST = 20;
const FAST = 250;
/** Milliseconds until an answer counts as late, and until it can be stopped. */
const LATE = 150;
const LONG = 2000;

export class Checker {
  /**
   * @param {() => object} request what is asked, made when it is sent
   * @param {{answered: (answer: any, request: any) => void, failed: (error: Error) => void,
   *   waiting: (state: "" | "late" | "long") => void}} listeners
   */
  constructor(request, listeners) {
    Object.assign(this, {request, listeners});
    this.ask = newest("check");
    /** Milliseconds that the last answer took. */
    this.took = REST;
  }

  /** A key was pressed: the text is sent after a rest. It is shorter where the last answer came fast. */
  typed() {
    this.schedule(this.took < FAST ? SHORT_REST : REST);
  }

  /** Asks at once. */
  now() {
    this.schedule(0);
  }

  schedule(rest) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), rest);
  }

  async send() {
    clearTimeout(this.late);
    clearTimeout(this.long);
    this.late = setTimeout(() => this.listeners.waiting("late"), LATE);
    this.long = setTimeout(() => this.listeners.waiting("long"), LONG);
    const begun = performance.now(),
      asked = this.request();
    let answer;
    try {
      answer = await this.ask(asked);
    } catch (error) {
      this.settled();
      this.listeners.failed(/** @type {Error} */ (error));
      if (error instanceof Gone) return;
    }
    if (!answer) return; // something newer was asked, and tells of itself
    this.settled();
    this.took = performance.now() - begun;
    this.listeners.answered(answer, asked);
  }

  /** Gives up what is asked. */
  stop() {
    clearTimeout(this.timer);
    this.ask.stop();
    this.settled();
  }

  settled() {
    clearTimeout(this.late);
    clearTimeout(this.long);
    this.listeners.waiting("");
  }
}
