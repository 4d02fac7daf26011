/** What we use of KaTeX 0.19.1. */

declare const katex: {
  render(
    tex: string,
    element: HTMLElement,
    options: {
      displayMode: boolean;
      output: string;
      throwOnError: boolean;
      trust: boolean;
      strict: boolean;
      maxSize: number;
      maxExpand: number;
    },
  ): void;
};
