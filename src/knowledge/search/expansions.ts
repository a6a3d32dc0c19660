export interface Expansion {
  phrase: string;
  alternatives: { text: string; factor: number }[];
}
export function expansionsOf(_span: string): Expansion[] {
  return [];
}
