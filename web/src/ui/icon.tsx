import type { JSX } from "preact";

/** Own drawings on a 16 px grid, 1.5 px strokes. A name is a shape, never a meaning of this product. */
const PATHS = {
	grid: "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5H9z",
	chip: "M4.5 4.5h7v7h-7zM6.5 4.5v-2.5M9.5 4.5v-2.5M6.5 14v-2.5M9.5 14v-2.5M4.5 6.5h-2.5M4.5 9.5h-2.5M14 6.5h-2.5M14 9.5h-2.5",
	cycle: "M13.2 6.5A5.5 5.5 0 0 0 3.4 5M2.8 9.5A5.5 5.5 0 0 0 12.6 11M3 2.2v3h3M13 13.8v-3h-3",
	box: "M8 1.8 13.7 4.8v6.4L8 14.2 2.3 11.2V4.8zM2.5 4.9 8 7.9l5.5-3M8 7.9v6.1",
	layers: "M8 2 14 5.2 8 8.4 2 5.2zM2 8.2l6 3.2 6-3.2M2 11l6 3.2L14 11",
	key: "M9.2 6.8a3.3 3.3 0 1 0-2.4-2.4c.1.5 0 .9-.3 1.2L2 10.2V14h3v-2h2V10l1.9-1.9c.1-.1.2-.9.3-1.3zM10.6 5.4h.01",
	plus: "M8 3v10M3 8h10",
	check: "m3 8.5 3.2 3.2L13 4.8",
	cross: "m4 4 8 8M12 4l-8 8",
	copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
	search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2",
	down: "m4 6 4 4 4-4",
	right: "m6 4 4 4-4 4",
	left: "m10 4-4 4 4 4",
	upload: "M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 10v3.5h11V10",
	download: "M8 2.5v8M4.8 7.3 8 10.5l3.2-3.2M2.5 10v3.5h11V10",
	menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
	user: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM2.8 13.6c.6-2.4 2.6-3.6 5.2-3.6s4.6 1.2 5.2 3.6",
	info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3v3.5M8 5h.01",
	warning: "M8 2.2 14.4 13.4H1.6zM8 6.4v3.2M8 11.5h.01",
	clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.5",
	bin: "M2.8 4.2h10.4M6.2 4V2.4h3.6V4M4 4.4l.6 9.2h6.8l.6-9.2M6.6 7v4M9.4 7v4",
	pencil: "M2.6 13.4 3.2 10.4 10.8 2.8l2.4 2.4-7.6 7.6zM9.2 4.4l2.4 2.4",
	arrow: "M2.5 8h11M9.5 4l4 4-4 4",
	file: "M3.5 1.8h5.8l3.2 3.2v9.2h-9zM9 2v3.3h3.3",
	sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1",
	moon: "M13.4 9.6A5.7 5.7 0 0 1 6.4 2.6a5.7 5.7 0 1 0 7 7z",
	half: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M8 5l3.5-1.7M8 8h6M8 11l3.5 1.7",
	out: "M6.5 13.5h-4v-11h4M10.2 11.2 13.4 8l-3.2-3.2M13.2 8H6",
	link: "M6.6 9.4a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7L7.8 4.5M9.4 6.6a2.6 2.6 0 0 0-3.7 0L3.4 8.9a2.6 2.6 0 0 0 3.7 3.7l1.1-1.1",
	bolt: "M8.8 1.8 3.4 9.2h4l-.6 5 5.6-7.6h-4.2z",
	book: "M3.2 2.4h7.4a2 2 0 0 1 2 2v9.2H5.2a2 2 0 0 1-2-2zM3.2 11.6a2 2 0 0 1 2-2h7.4M5.8 5.2h4.2",
	usb: "M8 14V3M6.2 4.6 8 2.4l1.8 2.2M8 11.4 4.4 9.2V7.4M8 9.4l3.6-2.2V5.4M3.6 5.8h1.6v1.6H3.6zM10.8 3.8h1.6v1.6h-1.6z",
	flag: "M3.4 14V2.6h8.6L10.4 5.8l1.6 3.2H3.4",
	lock: "M3.5 7.2h9v6.6h-9zM5.2 7V5a2.8 2.8 0 0 1 5.6 0v2",
	shield: "M8 1.8 13 3.6v4c0 3.2-2 5.4-5 6.6-3-1.2-5-3.4-5-6.6v-4zM5.6 7.8l1.8 1.8 3-3.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
	return (
		<svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
			<path d={PATHS[name]} />
		</svg>
	);
}
