import { useEffect, useState } from 'react';

/** The present time, to the minute: what is overdue changes while the user does nothing. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
