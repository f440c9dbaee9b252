// A clock of the product that is ahead of the machine's, for the worker that takes faults. The platform wakes objects by the machine's
// clock, so that their alarms are moved back by as much. Gone with the process.

let aheadMs = 0
let isOnTime = false

export const machineNow = Date.now.bind(Date)
Date.now = () => machineNow() + aheadMs

export function setAhead(ms: number): void {
  aheadMs = ms
}

/** Once for all objects: the methods stand on the prototype of their storage. */
export function keepAlarmsOnTime(storage: DurableObjectStorage): void {
  if (isOnTime) return
  isOnTime = true
  const { setAlarm, getAlarm } = storage
  const prototype: object = Object.getPrototypeOf(storage)
  Object.defineProperty(prototype, 'setAlarm', {
    value(this: DurableObjectStorage, atMs: number | Date) {
      return Reflect.apply(setAlarm, this, [Number(atMs) - aheadMs])
    },
  })
  Object.defineProperty(prototype, 'getAlarm', {
    async value(this: DurableObjectStorage) {
      const atMs: number | null = await Reflect.apply(getAlarm, this, [])
      return atMs === null ? null : atMs + aheadMs
    },
  })
}
