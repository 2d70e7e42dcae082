import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** A piece of a long list, which is in the page only while it is near to what is seen; else its place is kept. */
export function Nearby({ render }: { readonly render: () => ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  /** Of what is not in the page. */
  const [heightPx, setHeightPx] = useState<number | undefined>(undefined);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        setHeightPx(entry.isIntersecting ? undefined : entry.boundingClientRect.height);
      },
      { rootMargin: '100% 0px' },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place} style={heightPx === undefined ? {} : { height: `${heightPx}px` }}>
      {heightPx === undefined && render()}
    </div>
  );
}

/** Tells when the end of a list is near, once for each thing that would follow. */
export function EndOfList({ next, onNear }: { readonly next: string; readonly onNear: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(onNear);
  latest.current = onNear;
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting !== true) return;
        observer.disconnect();
        latest.current();
      },
      { rootMargin: '50% 0px' },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [next]);
  return <div ref={place} />;
}

/** Whether an element is on the screen, or near to it. */
export function useNear(place: RefObject<Element | null>): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting === true), {
      rootMargin: '50% 0px',
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [place]);
  return isNear;
}
