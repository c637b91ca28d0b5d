import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';

/** How far beyond the edges of the screen lines are drawn, in pixels: what a flick of the wheel uncovers before the next frame. */
const beyond = 600;

/** The first line that is drawn, and the first that is not. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Which of many lines, of known heights, are near the part of the page on the screen; `tops` has one more than there are lines. */
export function useWindow(list: RefObject<HTMLElement | null>, tops: Float64Array): Window {
  const [shown, setShown] = useState<Window>({ from: 0, to: 0 });
  const look = (): void => {
    const top = list.current?.getBoundingClientRect().top ?? 0;
    const from = Math.max(0, lineAt(tops, -top - beyond));
    const to = Math.min(tops.length - 1, lineAt(tops, innerHeight - top + beyond) + 1);
    setShown((last) => (last.from === from && last.to === to ? last : { from, to }));
  };
  useLayoutEffect(look);
  useEffect(() => {
    const passive = { passive: true };
    addEventListener('scroll', look, passive);
    addEventListener('resize', look, passive);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  });
  return shown;
}

/** The line at a place, by halving. */
function lineAt(tops: Float64Array, place: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= place) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
