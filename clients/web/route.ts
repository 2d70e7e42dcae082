import { useEffect, useState } from 'preact/hooks';

/** Each screen has an address behind `#`, so that it can be shared, and reloaded wherever the page is served. */
export type Route =
  | { readonly screen: 'now' | 'rooms' | 'health' | 'unknown' }
  | { readonly screen: 'library'; readonly query: URLSearchParams }
  | { readonly screen: 'room'; readonly room: string }
  | { readonly screen: 'recording'; readonly recordingId: string };

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [screen = '', id = ''] = path.split('/');
  if (screen === '' || screen === 'now') return { screen: 'now' };
  if (screen === 'library') return { screen, query: new URLSearchParams(query) };
  if (screen === 'health') return { screen };
  if (screen === 'rooms') return roomRoute(id);
  if (screen === 'recordings' && /^[0-9A-Z]{26}$/.test(id)) return { screen: 'recording', recordingId: id };
  return { screen: 'unknown' };
}

/** An address that somebody has cut short or written by hand may be no name at all. */
function roomRoute(encoded: string): Route {
  if (encoded === '') return { screen: 'rooms' };
  try {
    return { screen: 'room', room: decodeURIComponent(encoded) };
  } catch (error) {
    if (error instanceof URIError) return { screen: 'unknown' };
    throw error;
  }
}

export const recordingAddress = (recordingId: string): string => `#/recordings/${recordingId}`;
export const roomAddress = (room: string): string => `#/rooms/${encodeURIComponent(room)}`;
export const libraryAddress = (query: URLSearchParams): string => `#/library?${query.toString()}`;

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = (): void => setHash(location.hash);
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return routeOf(hash);
}
