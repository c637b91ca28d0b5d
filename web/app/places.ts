/** The pages of who is signed in: their names in the address and their titles, in the order of the navigation. */
export const places = [
  ['todos', 'Todos'],
  ['dashboard', 'Dashboard'],
  ['archive', 'Archive'],
  ['visits', 'Visits'],
  ['account', 'Account'],
] as const;

export type PageName = (typeof places)[number][0];
