import { describe, expect, test } from '@jest/globals';
import { understandLine } from './understand-line.js';

// A Thursday afternoon in Berlin.
const moment = { now: new Date('2026-11-26T14:00:00Z'), timeZone: 'Europe/Berlin' };

describe('A line is understood as a todo', () => {
  test.each([
    ['Water the plants', { title: 'Water the plants' }],
    ['Water the plants tomorrow 17:00 #garden !high', { title: 'Water the plants', due: '2026-11-27T16:00:00.000Z', tags: ['garden'], priority: 'high' }],
    ['#garden today Water !low the plants', { title: 'Water the plants', due: '2026-11-26', tags: ['garden'], priority: 'low' }],
    ['Call Grace at 5pm', { title: 'Call Grace', due: '2026-11-26T16:00:00.000Z' }],
    ['Call Grace 9:30', { title: 'Call Grace', due: '2026-11-27T08:30:00.000Z' }],
    ['Call Grace friday 12am', { title: 'Call Grace', due: '2026-11-26T23:00:00.000Z' }],
    ['Pay rent on 1 dec', { title: 'Pay rent', due: '2026-12-01' }],
    ['Pay rent December 1st', { title: 'Pay rent', due: '2026-12-01' }],
    ['Birthday 3 march', { title: 'Birthday', due: '2027-03-03' }],
    ['Report thursday', { title: 'Report', due: '2026-12-03' }],
    ['Report next week', { title: 'Report', due: '2026-11-30' }],
    ['Report next friday', { title: 'Report', due: '2026-12-04' }],
    ['Report in 2 weeks', { title: 'Report', due: '2026-12-10' }],
    ['Report 2026-12-24', { title: 'Report', due: '2026-12-24' }],
    ['#grün #grün #two/three Tag', { title: 'Tag', tags: ['grün', 'two/three'] }],
    ['Gift !!', { title: 'Gift', priority: 'high' }],
  ])('%s', (line, todo) => {
    expect(understandLine(line, moment)).toEqual(todo);
  });

  test.each([
    ['Buy 3 apples', 'Buy 3 apples'],
    ['Meet at noon', 'Meet at noon'],
    ['Read Fahrenheit 451 in one day', 'Read Fahrenheit 451 in one day'],
    ['Room 25:00 and 12:75', 'Room 25:00 and 12:75'],
    ['Send form 2026-02-30', 'Send form 2026-02-30'],
    ['Issue #1-of-2! and # alone', 'Issue #1-of-2! and # alone'],
    ['Learn C# !important', 'Learn C# !important'],
    ['Watch \\Tomorrow never dies', 'Watch Tomorrow never dies'],
    ['March may be cold', 'March may be cold'],
    ['<b>bold</b> &amp;', '<b>bold</b> &amp;'],
  ])('%s has nothing but a title', (line, title) => {
    expect(understandLine(line, moment)).toEqual({ title });
  });

  test('the first day, time and priority count; later ones belong to the title', () => {
    expect(understandLine('Move tomorrow to friday 9:00 10:00 !low !high', moment)).toEqual({
      title: 'Move to friday 10:00 !high',
      due: '2026-11-27T08:00:00.000Z',
      priority: 'low',
    });
  });

  test('today is the day where the user is', () => {
    expect(understandLine('Run today', { now: new Date('2026-11-26T23:30:00Z'), timeZone: 'Europe/Berlin' }).due).toBe('2026-11-27');
  });
});
