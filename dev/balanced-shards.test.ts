import { expect, test } from 'vitest'
import { sharesOf } from './balanced-shards.ts'

const files = [3, 50, 7, 20, 20, 1, 30].map((seconds, at) => ({ moduleId: `file-${at}`, seconds }))
const secondsOf = (file: { seconds: number }) => file.seconds
const sum = (share: readonly { seconds: number }[]) => share.reduce((all, { seconds }) => all + seconds, 0)

test('each file is in exactly one part, and no part is much longer than another', () => {
  const shares = sharesOf(files, secondsOf, 3)
  expect(shares.flat().toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1))).toEqual(files)
  expect(shares.map(sum).toSorted((a, b) => a - b)).toEqual([40, 41, 50])
})

test('the parts are the same in whatever order the files are found', () => {
  const found = (shares: (typeof files)[]) => shares.map((share) => share.map(({ moduleId }) => moduleId))
  expect(found(sharesOf(files.toReversed(), secondsOf, 2))).toEqual(found(sharesOf(files, secondsOf, 2)))
})
