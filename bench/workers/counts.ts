// Counts what the objects of this process write and are asked, by the platform's own figures: `cursor.rowsWritten` is what
// it bills, and every alarm set or deleted is one row more.

type Cursor = { readonly rowsWritten: number }
type Method = (this: unknown, ...given: unknown[]) => unknown

const asked = ['admit', 'extend', 'beat', 'capture', 'release', 'confirm', 'alarm']

export class Counts {
  #rowsWritten = 0
  #alarmsSet = 0
  #calls: { [method: string]: number } = {}

  /** Replaces methods on the prototypes, which all objects of the process share. */
  constructor(storage: DurableObjectStorage, object: object) {
    observe(Object.getPrototypeOf(storage.sql), 'exec', (cursor) => {
      // Final at once: what writes here returns no rows.
      if (isCursor(cursor)) this.#rowsWritten += cursor.rowsWritten
    })
    for (const name of ['setAlarm', 'deleteAlarm']) {
      observe(Object.getPrototypeOf(storage), name, () => {
        this.#alarmsSet += 1
      })
    }
    for (const name of asked) {
      observe(object, name, () => {
        this.#calls[name] = (this.#calls[name] ?? 0) + 1
      })
    }
  }

  /** The figures since the last time. */
  take(): { rowsWritten: number; alarmsSet: number; calls: { [method: string]: number } } {
    const taken = { rowsWritten: this.#rowsWritten, alarmsSet: this.#alarmsSet, calls: this.#calls }
    this.#rowsWritten = 0
    this.#alarmsSet = 0
    this.#calls = {}
    return taken
  }
}

function isCursor(value: unknown): value is Cursor {
  return typeof value === 'object' && value !== null && 'rowsWritten' in value
}

function observe(prototype: unknown, name: string, note: (answer: unknown) => void): void {
  if (typeof prototype !== 'object' || prototype === null) throw new Error(`${name} has no prototype`)
  const original: unknown = Reflect.get(prototype, name)
  if (!isMethod(original)) return
  const value: Method = function (...given) {
    const answer = Reflect.apply(original, this, given)
    note(answer)
    return answer
  }
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}
