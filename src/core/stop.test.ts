import { describe, expect, it } from 'vitest'
import { StopController } from './stop.ts'

describe('a stop of our own', () => {
  it('is heard once by everyone who listens, in their order', () => {
    const stop = new StopController()
    const heard: string[] = []
    stop.signal.addEventListener('abort', () => heard.push('first'))
    stop.signal.addEventListener('abort', () => heard.push('second'))
    stop.abort()
    stop.abort()
    expect(heard).toEqual(['first', 'second'])
    expect(stop.signal.aborted).toBe(true)
  })

  it('is not heard by who has left, nor by who comes too late', () => {
    const stop = new StopController()
    const heard: string[] = []
    const left = () => heard.push('left')
    stop.signal.addEventListener('abort', left)
    stop.signal.removeEventListener('abort', left)
    stop.abort()
    stop.signal.addEventListener('abort', () => heard.push('late'))
    expect(heard).toEqual([])
  })

  it('is known as made while its listeners run', () => {
    const stop = new StopController()
    let wasAborted = false
    stop.signal.addEventListener('abort', () => {
      wasAborted = stop.signal.aborted
    })
    stop.abort()
    expect(wasAborted).toBe(true)
  })
})
