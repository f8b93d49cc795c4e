import type { JSX } from "react";

export interface BarProps {
  /** What moves on; read to those who do not see the bar. */
  readonly label: string;
  /** 0 to 100; null draws a bar that moves but measures nothing. */
  readonly percent: number | null;
  /** What it says in words beside the percent. */
  readonly text?: string;
}

/** One progress bar. */
export function Bar({ label, percent, text = "" }: BarProps): JSX.Element {
  const said = percent === null ? "total unknown" : `${percent} %`;
  return (
    <progress
      data-part="bar"
      aria-label={label}
      aria-valuetext={text ? `${said}, ${text}` : said}
      max={100}
      {...(percent === null ? {} : { value: percent })}
    />
  );
}
