// Many commands, one commit: what arrives while a commit is under way is decided and written together, and answered together
// when it is durable. Memory is replaced only after the transaction returned.

import { minuteMs } from '#core/clock.ts'
import type { FindingDetail } from './entry.ts'
import type { Log } from '#core/log.ts'
import type { Desk } from './book.ts'
import { decideGroup } from './book.ts'
import { Chores } from './chores.ts'
import { type Context, find } from './draft.ts'
import type { Changes } from './rows.ts'
import type { State } from './state.ts'

/** More wait for the next commit: one transaction stays short. */
export const commandsPerCommitMax = 500

export type GroupCommitParts = {
  context: () => Context
  /** Writes in one transaction, or throws and has written nothing. Arms the alarm in the same transaction. */
  write: (changes: Changes, next: State) => void
  /** Resolves when everything written is durable. */
  durable: () => Promise<void>
  /** Reads the state from the rows again. */
  reload: () => State | null
  /** `commandsPerCommitMax`; fewer only to measure what grouping is worth. */
  commandsPerCommit: number
  log: Log
}

type Waiting = {
  /** Decides; its answer is handed over by `answer` once durable. */
  decide: (desk: Desk) => void
  answer: () => void
  fail: () => void
}

export class GroupCommit {
  readonly #parts: GroupCommitParts
  #state: State | null
  readonly #waiting: Waiting[] = []
  readonly #chores = new Chores()
  #isCommitting = false
  #isReloadDue = false

  constructor(state: State | null, parts: GroupCommitParts) {
    this.#state = state
    this.#parts = parts
  }

  /** What the durable rows say; what a group under way will change is not in it. */
  get state(): State | null {
    return this.#state
  }

  /** The answer of `decide`, after it is durable; `failed` if deciding or writing threw twice. */
  run<Answer>(decide: (desk: Desk) => Answer, failed: Answer): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    let decided = failed
    this.#waiting.push({
      decide: (desk) => {
        decided = decide(desk)
      },
      answer: () => resolve(decided),
      fail: () => resolve(failed),
    })
    if (!this.#isCommitting) void this.#commitAll()
    return promise
  }

  async #commitAll(): Promise<void> {
    this.#isCommitting = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#parts.commandsPerCommit)
      const isWritten = this.#commitTogether(group)
      // A group that wrote nothing has nothing to wait for; its answers tell of rows that are durable already.
      const isDurable = !isWritten || (await this.#isDurable())
      for (const { answer, fail } of group)
        if (isDurable) answer()
        else fail()
    }
    this.#isCommitting = false
  }

  /** False where the disk refused: what was answered from memory would be a lie, so the rows are read again. */
  async #isDurable(): Promise<boolean> {
    try {
      await this.#parts.durable()
      return true
    } catch (cause) {
      this.#parts.log.error('not_durable', {}, cause)
      this.reload()
      return false
    }
  }

  /** A disk that cannot even be read must leave nobody waiting: until it can, every command fails. */
  reload(): void {
    try {
      this.#state = this.#parts.reload()
      this.#isReloadDue = false
    } catch (cause) {
      this.#parts.log.error('reload_failed', {}, cause)
      this.#isReloadDue = true
    }
  }

  /** True if rows were written. */
  #commitTogether(group: readonly Waiting[]): boolean {
    if (this.#isReloadDue) this.reload()
    try {
      return this.#commit(group)
    } catch (cause) {
      this.#parts.log.error('commit_failed', { commands: group.length }, cause)
      const isSifted = this.#siftChores()
      return group.map((waiting) => this.#commitAlone(waiting)).some(Boolean) || isSifted
    }
  }

  /** Where what every group begins with is what throws, the commands are not to blame: it is put off. */
  #siftChores(): boolean {
    let isWritten = false
    const commit = (context: Context) => {
      if (this.#commit([], context)) isWritten = true
    }
    try {
      commit(this.#context())
      return isWritten
    } catch {
      // Found below, one by one.
    }
    try {
      for (const { chore, cause } of this.#chores.sift(this.#context(), commit)) {
        this.#parts.log.error('chore_put_off', { chore }, cause)
        const detail = { what: 'chore_put_off', chore, message: messageOf(cause) } as const
        if (this.#note(`put_off:${chore}`, detail)) isWritten = true
      }
    } catch (cause) {
      this.#parts.log.error('chores_failed', {}, cause)
      this.reload()
    }
    return isWritten
  }

  #context(): Context {
    return this.#chores.context(this.#parts.context())
  }

  #commitAlone(waiting: Waiting): boolean {
    try {
      return this.#commit([waiting])
    } catch (cause) {
      this.#parts.log.error('command_failed', {}, cause)
      waiting.decide = () => undefined
      waiting.answer = waiting.fail
      // The rows are the truth: whatever this instance believed is read again.
      this.reload()
      return this.#noteFailure(cause)
    }
  }

  #noteFailure(cause: unknown): boolean {
    // One finding a minute says enough; a failure that repeats must not fill the log.
    const minute = Math.floor(this.#parts.context().nowMs / minuteMs)
    return this.#note(`failed:${minute}`, { what: 'command_failed', message: messageOf(cause) })
  }

  #note(reference: string, detail: FindingDetail): boolean {
    const note = (desk: Desk) => {
      if (desk.draft !== null) find(desk.draft, reference, detail)
    }
    try {
      return this.#commit([{ decide: note, answer: () => undefined, fail: () => undefined }])
    } catch (second) {
      this.#parts.log.error('finding_failed', {}, second)
      return false
    }
  }

  #commit(group: readonly Waiting[], context = this.#context()): boolean {
    // What memory says is not what the rows say: a decision on it would be written behind a gap.
    if (this.#isReloadDue) throw new Error('The rows cannot be read.')
    const questions = group.map(({ decide }) => decide)
    const { next, changes } = decideGroup(this.#state, questions, context)
    if (changes !== null && next !== null) this.#parts.write(changes, next)
    this.#state = next
    return changes !== null
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown'
}
