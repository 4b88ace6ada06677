import { expect, it } from 'vitest';

import { framesOf, inShort, isLibrary, placeOf } from '../src/model/frames';

it('a last stack has frames, each with its line of code', () => {
  const lines = [
    'File "a.py", line 9, in run',
    '    spin()',
    'File "a.py", line 3, in spin'
  ];

  expect(framesOf(lines)).toEqual([
    'File "a.py", line 9, in run\n    spin()',
    'File "a.py", line 3, in spin'
  ]);
});

it.each([
  ['/usr/lib/python3.11/threading.py', true],
  ['/home/ada/venv/lib/python3.11/site-packages/numpy/core.py', true],
  ['/src/pyspark_shell/scheduler/selector_loop.py', true],
  ['<string>', true],
  ['/home/ada/pyspark_shell/totals.py', false],
  ['/home/ada/scheduler/totals.py', false],
  ['In[2]', false]
])('a frame of %s is of a library: %s', (file, library) => {
  expect(isLibrary(`File "${file}", line 3, in f\n    g()`)).toBe(library);
});

it.each([
  ['File "In[2]", line 1, in spin', 'In[2]:1, in spin'],
  ['File "/a/b.py", line 3, in f\n    g()', 'b.py:3, in f\n    g()'],
  ['(the task has ended)', '(the task has ended)']
])('%j is %j in short', (frame, short) => {
  expect(inShort(frame)).toBe(short);
});

it("a last stack stands where the user's code does", () => {
  const library =
    'File "/usr/lib/python3.11/re/__init__.py", line 166, in match';

  expect(placeOf(['File "In[2]", line 2, in f', '    g()', library])).toBe(
    'File "In[2]", line 2, in f\n    g()'
  );
  expect(placeOf([library])).toBe(library);
});
