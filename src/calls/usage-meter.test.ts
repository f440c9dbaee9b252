// The ladder of usage figures.

import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from './count-tokens.ts'
import { noUsage, type Usage } from './usage.ts'
import { UsageMeter } from './usage-meter.ts'

const usageOf = (input: number, output: number): Usage => ({ ...noUsage, input, output })

function meter(steps: (meter: UsageMeter) => void) {
  const made = new UsageMeter(countTokensByBytes, 100)
  steps(made)
  return made
}

describe('the usage of an answer', () => {
  test('is nothing where nothing was said and nothing delivered', () => {
    expect(meter(() => {}).usage()).toEqual({ usage: noUsage, source: 'none' })
  })

  test('is the closing statement of the provider, whatever was delivered', () => {
    const made = meter((one) => {
      one.deliver('x'.repeat(4_000))
      one.state(usageOf(7, 3), true)
    })
    expect(made.usage()).toEqual({ usage: usageOf(7, 3), source: 'final' })
  })

  // Cases: billing-bugs 7; dialects 31
  test('is the last of several statements and never their sum', () => {
    const made = meter((one) => {
      one.state(usageOf(10, 1), false)
      one.state(usageOf(10, 5), false)
      one.state(usageOf(10, 5), true)
    })
    expect(made.usage().usage).toEqual(usageOf(10, 5))
  })

  test('is the last running statement and our count of what came after it', () => {
    const made = meter((one) => {
      one.deliver('aaaa')
      one.state(usageOf(10, 1), false)
      one.deliver('bbbbbbbb')
    })
    expect(made.usage()).toEqual({ usage: usageOf(10, 3), source: 'cumulative', ownOutput: 2 })
  })

  // Cases: billing-bugs 6
  test('is zero where the provider closes with zero, and our count where it says nothing', () => {
    const zero = meter((one) => {
      one.deliver('delivered')
      one.state(noUsage, true)
    })
    expect(zero.usage()).toEqual({ usage: noUsage, source: 'zero' })
    const silent = meter((one) => one.deliver('delivered'))
    expect(silent.usage()).toEqual({ usage: usageOf(100, 3), source: 'counted', ownOutput: 3 })
  })

  test('is our count where a running zero was overtaken by text', () => {
    const made = meter((one) => {
      one.state(noUsage, false)
      one.deliver('delivered')
      one.end()
    })
    expect(made.usage()).toEqual({ usage: usageOf(100, 3), source: 'counted', ownOutput: 3 })
  })

  test('is counted when it is asked for, and of a very long answer the beginning: the rest goes by its rate', () => {
    const counted: number[] = []
    const made = new UsageMeter((text) => {
      counted.push(text.length)
      return countTokensByBytes(text)
    }, 100)
    for (let n = 0; n < 100; n += 1) made.deliver('x'.repeat(40_000))
    expect(counted).toEqual([])
    expect(made.deliveredBytes).toBe(4_000_000)
    expect(made.usage().usage.output).toBe(1_000_000)
    expect(counted).toEqual([262_144])
  })

  test('is counted anew when its counter knows better, also where no text has come since', () => {
    let tokens = 5
    const made = new UsageMeter(() => tokens, 100)
    made.deliver('delivered')
    expect(made.usage().usage.output).toBe(5)
    tokens = 7
    expect(made.usage().usage.output).toBe(7)
  })

  test('of one piece that is longer than what is kept goes by the rate of its beginning', () => {
    const made = meter((one) => one.deliver('é'.repeat(1_000_000)))
    expect(made.deliveredBytes).toBe(2_000_000)
    expect(made.usage().usage.output).toBe(500_000)
  })

  test('needs a count only while there is text that no statement covers', () => {
    const made = meter((one) => one.state(usageOf(10, 1), false))
    expect(made.needsCount).toBe(false)
    made.deliver('')
    expect(made.needsCount).toBe(false)
    made.deliver('text')
    expect(made.needsCount).toBe(true)
    made.state(usageOf(10, 5), true)
    expect(made.needsCount).toBe(false)
    expect(made.usage()).toEqual({ usage: usageOf(10, 5), source: 'final' })
  })

  test('is asked at every beat without counting the text anew', () => {
    let counts = 0
    const made = new UsageMeter(() => (counts += 1), 100)
    made.deliver('x'.repeat(1_000))
    for (let beat = 0; beat < 10; beat += 1) made.runningUsage()
    expect(counts).toBe(0)
  })

  test('is never less while running than what was stated or a token per three bytes', () => {
    const made = meter((one) => one.deliver('x'.repeat(30)))
    expect(made.runningUsage()).toEqual(usageOf(100, 10))
    made.state(usageOf(50, 20), false)
    expect(made.runningUsage()).toEqual(usageOf(50, 20))
    made.deliver('x'.repeat(60))
    expect(made.runningUsage()).toEqual(usageOf(50, 30))
  })
})
