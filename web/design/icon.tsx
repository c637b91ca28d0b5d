/** Outlines on a grid of 24, drawn for this app. */
const paths = {
  todos: 'M4 7l2 2 3.5-4M4 16l2 2 3.5-4M13 7.5h7M13 16.5h7',
  dashboard: 'M4 20V11M10 20V4M16 20v-7M21 20H3',
  archive: 'M4 8h16v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM3 4h18v4H3zM10 12h4',
  visits: 'M12 5c5 0 8.5 4.5 9.5 7-1 2.5-4.5 7-9.5 7s-8.500-4.500-9.500-7c1-2.500 4.500-7 9.500-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  account: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20c.8-3.500 3.700-5.500 7.500-5.500s6.700 2 7.500 5.500',
  add: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M11 4.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM16 16l4.500 4.500',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
  flag: 'M6 21V4M6 5h11l-2 3.500 2 3.500H6',
  tag: 'M4 4h7l9 9-7 7-9-9zM8 8h.01',
  checklist: 'M5 6.500h.01M5 12h.01M5 17.500h.01M10 6.500h10M10 12h10M10 17.500h10',
  cloud: 'M7 18.500a4.500 4.500 0 0 1-.6-8.960 6 6 0 0 1 11.500 1.300A3.900 3.900 0 0 1 17.500 18.500z',
  offline: 'M4 4l16 16M7 18.500a4.500 4.500 0 0 1-.6-8.960M10.500 6.100a6 6 0 0 1 7.400 4.740 3.900 3.900 0 0 1 2.300 5.600',
  filter: 'M4 6h16M7 12h10M10 18h4',
  undo: 'M9 5L4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3',
} as const;

/** A picture beside words, or in a button that has a label: it says nothing by itself. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** Two voices. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 40 26" aria-hidden="true">
      <circle cx="13" cy="13" r="12" className="logo-first" />
      <circle cx="26" cy="13" r="10.500" className="logo-second" />
    </svg>
  );
}
