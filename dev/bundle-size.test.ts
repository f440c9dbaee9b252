// What counts as the part of the Worker that evaluates at its start.

import { describe, expect, test } from 'vitest'

import { type Metafile, bundleResult, startShareOf } from './bundle-size.ts'

const bundle: Metafile = {
  inputs: {
    'worker.ts': {
      imports: [
        { path: 'money.ts', kind: 'import-statement' },
        { path: 'later.ts', kind: 'dynamic-import' },
      ],
    },
    'later.ts': {
      imports: [
        { path: 'table.ts', kind: 'import-statement' },
        { path: 'money.ts', kind: 'import-statement' },
      ],
    },
    'money.ts': { imports: [] },
    'table.ts': { imports: [] },
  },
  outputs: {
    'worker.js': {
      entryPoint: 'worker.ts',
      inputs: {
        'worker.ts': { bytesInOutput: 50 },
        'money.ts': { bytesInOutput: 30 },
        'later.ts': { bytesInOutput: 10 },
        'table.ts': { bytesInOutput: 10 },
      },
    },
    'worker.js.map': { inputs: {} },
  },
}

describe('the size of the Worker', () => {
  test('counts what static imports reach, and nothing that waits behind import()', () => {
    expect(startShareOf(bundle)).toBe(0.8)
  })

  test('is too much at the start and too much in all for two reasons', () => {
    const kib = 1024
    expect(bundleResult({ startGzipBytes: 200 * kib, uploadGzipBytes: 3 * kib * kib }).problems).toEqual([])
    expect(bundleResult({ startGzipBytes: 200 * kib + 1, uploadGzipBytes: 0 }).problems).toHaveLength(1)
    expect(bundleResult({ startGzipBytes: 0, uploadGzipBytes: 3 * kib * kib + 1 }).problems).toHaveLength(1)
  })
})
