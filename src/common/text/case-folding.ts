/**
 * A text as search compares it: after NFC and Unicode's full case folding (https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt,
 * statuses C and F), letter by letter, whatever its neighbours are. `ΟΔΟΣ` and `οδος`, `STRASSE` and `Straße` become the same.
 */
export function foldCase(text: string): string {
  return (
    text
      .normalize('NFC')
      // The dotless i folds to itself, yet its upper case is I.
      .split('ı')
      // To upper case turns ß into SS. To lower case before it, because the capital ẞ has no longer upper case.
      .map((part) => part.toLowerCase().toUpperCase().toLowerCase())
      .join('ı')
      // The one mapping that depends on neighbours: a sigma at a word's end.
      .replaceAll('ς', 'σ')
      .normalize('NFC')
  );
}
