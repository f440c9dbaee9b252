// Pictures and files between addresses and bytes: a data address is bytes, whatever field it stands in.

import type { Media } from './neutral-call.ts'

const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/i
const unknownType = 'application/octet-stream'

export function mediaOfUrl(url: string): Media {
  const match = dataUrl.exec(url.slice(0, 256))
  if (match === null) return { kind: 'url', url }
  return { kind: 'base64', mediaType: match[1] || unknownType, data: url.slice(match[0].length) }
}

/** Undefined for what only its own provider can find. */
export function urlOfMedia(media: Media): string | undefined {
  switch (media.kind) {
    case 'url':
      return media.url
    case 'base64':
      return `data:${media.mediaType};base64,${media.data}`
    case 'stored':
      return undefined
  }
}
