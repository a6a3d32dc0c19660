import snowball from 'snowball-stemmers';

const STEM_CACHE_ENTRIES = 20_000;

const STOP_WORDS = new Set(
  (
    'a an and are as at be been being but by can could did do does for from had has have he her his how i if in into is ' +
    'it its itself me my no not of on or our ours she should so some such than that the their them then there these ' +
    'they this those to was we were what when where which while who whom whose why will with would you your yours ' +
    'may might must shall also any each every am us about s t d ll m re ve don'
  ).split(' '),
);

const stemmer = snowball.newStemmer('english');
const stems = new Map<string, string>();

export function isEnglishStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

/** The Snowball stem of a lower-case word; cached, since a text repeats its words. */
export function stemEnglish(word: string): string {
  let stem = stems.get(word);
  if (stem === undefined) {
    stem = stemmer.stem(word);
    if (stems.size >= STEM_CACHE_ENTRIES) stems.clear();
    stems.set(word, stem);
  }
  return stem;
}
