/** What we use of htmx 4.0.1, read off its source; the package's own types are wider. */

interface HtmxSwap {
  sourceElement: Element;
  target: Element;
  swap: string;
  text: string;
  transition: boolean;
}

interface HtmxSwapTask {
  type: "main" | "partial" | "oob";
  target: Element | null;
}

declare const htmx: {
  process(root: Element, force?: boolean): void;
  swap(context: HtmxSwap): Promise<void>;
};
