import { useEffect, useId, useRef, useState } from "preact/hooks";

/** One column of a chart: two parts stacked upon each other. */
export interface Bar {
	label: string;
	/** The label where there is room for few letters. */
	short: string;
	good: number;
	bad: number;
}

interface Props {
	/** What the chart shows, for those who do not see it. */
	title: string;
	good: string;
	bad: string;
	/** What a column stands for: the table's first heading. */
	unit: string;
	bars: Bar[];
}

const HEIGHT = 132;
const TOP = 8;
const LEFT = 28;
const GAP = 0.28;
/** Room for one label of the axis, in pixels. */
const LABEL_WIDTH = 56;

/** The next round number from here on: 1, 2, 5, 10, 20, 50... */
export function ceilingOf(n: number): number {
	if (n <= 1) return 1;
	const power = 10 ** Math.floor(Math.log10(n));
	const step = [1, 2, 5, 10].find((s) => s * power >= n) ?? 10;
	return step * power;
}

function useWidth() {
	const box = useRef<HTMLDivElement>(null);
	const [width, setWidth] = useState(640);
	useEffect(() => {
		const element = box.current;
		if (!element) return;
		const observer = new ResizeObserver(() => setWidth(Math.max(200, Math.floor(element.clientWidth))));
		observer.observe(element);
		return () => observer.disconnect();
	}, []);
	return { box, width };
}

/** Stacked columns in an SVG of our own: told apart by pattern as well as colour, with a table that says the same. */
export function BarChart({ title, good, bad, unit, bars }: Props) {
	const { box, width } = useWidth();
	const id = useId();
	const most = ceilingOf(Math.max(1, ...bars.map((b) => b.good + b.bad)));
	const step = (width - LEFT) / Math.max(1, bars.length);
	const barWidth = Math.max(2, step * (1 - GAP));
	const y = (n: number) => TOP + HEIGHT * (1 - n / most);
	const every = Math.max(1, Math.ceil(bars.length / Math.max(1, Math.floor((width - LEFT) / LABEL_WIDTH))));
	const lines = most === 1 ? [0, 1] : [0, most / 2, most];
	return (
		<figure class="chart" aria-labelledby={`${id}-title`}>
			<figcaption class="chart-head">
				<span id={`${id}-title`} class="sr">
					{title}
				</span>
				<span class="chart-key">
					<span class="chart-swatch good" />
					{good}
				</span>
				<span class="chart-key">
					<svg class="chart-swatch" width="10" height="10" aria-hidden="true">
						<rect width="10" height="10" rx="2" fill={`url(#${id}-bad)`} />
					</svg>
					{bad}
				</span>
			</figcaption>
			<div ref={box} class="chart-box">
				<svg width={width} height={TOP + HEIGHT + 20} aria-hidden="true">
					<defs>
						<pattern id={`${id}-bad`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
							<rect class="chart-bad-ground" width="5" height="5" />
							<rect class="chart-bad-line" width="2.5" height="5" />
						</pattern>
					</defs>
					{lines.map((n) => (
						<g key={n}>
							<line class="chart-line" x1={LEFT} x2={width} y1={y(n) + 0.5} y2={y(n) + 0.5} />
							<text class="chart-text" x={LEFT - 6} y={y(n) + 4} text-anchor="end">
								{Math.round(n * 10) / 10}
							</text>
						</g>
					))}
					{bars.map((b, i) => {
						const x = LEFT + i * step + (step - barWidth) / 2;
						return (
							<g key={b.label} class="chart-bar">
								<title>{`${b.label}: ${b.good} ${good.toLowerCase()}, ${b.bad} ${bad.toLowerCase()}`}</title>
								<rect class="chart-hit" x={LEFT + i * step} y={TOP} width={step} height={HEIGHT} />
								{b.good > 0 ? (
									<rect
										class="chart-good"
										x={x}
										y={y(b.good)}
										width={barWidth}
										height={HEIGHT + TOP - y(b.good)}
										rx="1.5"
									/>
								) : null}
								{b.bad > 0 ? (
									<rect
										x={x}
										y={y(b.good + b.bad)}
										width={barWidth}
										height={Math.max(2, y(b.good) - y(b.good + b.bad) - (b.good > 0 ? 1 : 0))}
										rx="1.5"
										fill={`url(#${id}-bad)`}
									/>
								) : null}
								{(bars.length - 1 - i) % every === 0 ? (
									<text
										class="chart-text"
										x={i === bars.length - 1 ? width : LEFT + (i + 0.5) * step}
										y={TOP + HEIGHT + 15}
										text-anchor={i === bars.length - 1 ? "end" : "middle"}
									>
										{b.short}
									</text>
								) : null}
							</g>
						);
					})}
				</svg>
			</div>
			<details class="chart-table">
				<summary>Show as a table</summary>
				<div class="chart-rows">
					<table>
						<caption class="sr">{title}</caption>
						<thead>
							<tr>
								<th scope="col">{unit}</th>
								<th scope="col">{good}</th>
								<th scope="col">{bad}</th>
							</tr>
						</thead>
						<tbody>
							{bars.map((b) => (
								<tr key={b.label}>
									<th scope="row">{b.label}</th>
									<td>{b.good}</td>
									<td>{b.bad}</td>
								</tr>
							))}
						</tbody>
					</table>
				</div>
			</details>
		</figure>
	);
}
