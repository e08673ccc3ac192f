import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface Column<T> {
	key: string;
	label: string;
	cell: (row: T) => ComponentChildren;
	/** A share or a length; the others divide what is left, and so does the first one on a narrow screen. */
	width?: string;
	/** 1 always shows; 2 from 600 px, 3 from 800 px, 4 from 1000 px of the table's own width. */
	from?: 1 | 2 | 3 | 4;
	align?: "right";
	/** Lets content hang out of the cell: menus, times. */
	open?: boolean;
	/** The label is for screen readers only. */
	quiet?: boolean;
}

interface Selection {
	keys: ReadonlySet<string>;
	onChange: (keys: Set<string>) => void;
	/** The accessible name of a row's box. */
	name: (key: string) => string;
}

interface TableProps<T> {
	label: string;
	rows: readonly T[];
	columns: Column<T>[];
	rowKey: (row: T) => string;
	selection?: Selection | undefined;
	/** Called when the end comes into sight. */
	onEnd?: (() => void) | undefined;
	/** A class for rows with something to say. */
	rowClass?: (row: T) => string;
}

/** Above this only the rows near the window are in the document. */
const VIRTUAL_FROM = 150;
const SPARE_ROWS = 15;

interface Range {
	start: number;
	end: number;
}

/** The rows near the window, from the body's place on the screen; every row has the height of the first one. */
export function visibleRange(bodyTop: number, windowHeight: number, rowHeight: number, total: number): Range {
	if (total <= VIRTUAL_FROM || rowHeight <= 0) return { start: 0, end: total };
	const first = Math.floor(-bodyTop / rowHeight) - SPARE_ROWS;
	const last = Math.ceil((windowHeight - bodyTop) / rowHeight) + SPARE_ROWS;
	const end = Math.min(total, Math.max(last, SPARE_ROWS));
	return { start: Math.min(Math.max(0, first), end), end };
}

function useVisibleRows(rows: readonly unknown[], onEnd?: () => void) {
	const total = rows.length;
	const body = useRef<HTMLTableSectionElement>(null);
	const rowHeight = useRef(0);
	const [range, setRange] = useState<Range>({
		start: 0,
		end: Math.min(total, VIRTUAL_FROM),
	});
	const latestEnd = useRef(onEnd);
	latestEnd.current = onEnd;
	useEffect(() => {
		const measure = () => {
			const box = body.current?.getBoundingClientRect();
			if (!box) return;
			const row = body.current?.querySelector("tr[data-row]");
			rowHeight.current = row?.getBoundingClientRect().height ?? rowHeight.current;
			const next = visibleRange(box.top, innerHeight, rowHeight.current, total);
			setRange((old) => (old.start === next.start && old.end === next.end ? old : next));
			if (box.bottom < innerHeight * 2) latestEnd.current?.();
		};
		measure();
		addEventListener("scroll", measure, { passive: true });
		addEventListener("resize", measure);
		return () => {
			removeEventListener("scroll", measure);
			removeEventListener("resize", measure);
		};
		// Other rows of the same number may also leave room for more: ask again.
	}, [rows, total]);
	return { body, range, rowHeight: rowHeight.current };
}

function toggled(keys: ReadonlySet<string>, key: string): Set<string> {
	const next = new Set(keys);
	if (!next.delete(key)) next.add(key);
	return next;
}

/** A real table: any number of rows in the window's own scroll, columns that leave when there is no room. */
export function Table<T>({ label, rows, columns, rowKey, selection, onEnd, rowClass }: TableProps<T>) {
	const { body, range, rowHeight } = useVisibleRows(rows, onEnd);
	const end = Math.min(range.end, rows.length);
	const start = Math.min(range.start, end);
	const all = selection !== undefined && rows.length > 0 && selection.keys.size === rows.length;
	const span = columns.length + (selection ? 1 : 0);
	return (
		<div class="table-box">
			<table class="table" aria-label={label} aria-rowcount={rows.length + 1}>
				<thead>
					<tr aria-rowindex={1}>
						{selection ? (
							<th scope="col" class="pick">
								<input
									type="checkbox"
									aria-label="Select all shown"
									checked={all}
									onChange={() => selection.onChange(all ? new Set() : new Set(rows.map(rowKey)))}
								/>
							</th>
						) : null}
						{columns.map((c, i) => (
							<th
								key={c.key}
								scope="col"
								class={i === 0 ? `lead ${cellClass(c)}` : cellClass(c)}
								style={c.width ? { "--width": c.width } : undefined}
							>
								{c.quiet ? <span class="sr">{c.label}</span> : c.label}
							</th>
						))}
					</tr>
				</thead>
				<tbody ref={body}>
					<Spacer rows={start} height={rowHeight} span={span} />
					{rows.slice(start, end).map((row, i) => {
						const key = rowKey(row);
						const picked = selection?.keys.has(key) ?? false;
						return (
							<tr
								key={key}
								data-row={key}
								aria-rowindex={start + i + 2}
								class={`${picked ? "picked" : ""} ${rowClass?.(row) ?? ""}`}
							>
								{selection ? (
									<td class="pick">
										<input
											type="checkbox"
											aria-label={`Select ${selection.name(key)}`}
											checked={picked}
											onChange={() => selection.onChange(toggled(selection.keys, key))}
										/>
									</td>
								) : null}
								{columns.map((c) => (
									<td key={c.key} class={cellClass(c)}>
										{c.cell(row)}
									</td>
								))}
							</tr>
						);
					})}
					<Spacer rows={rows.length - end} height={rowHeight} span={span} />
				</tbody>
			</table>
		</div>
	);
}

function cellClass<T>(column: Column<T>): string {
	const classes = [`from-${column.from ?? 1}`];
	if (column.align) classes.push(column.align);
	if (column.open) classes.push("open");
	return classes.join(" ");
}

function Spacer({ rows, height, span }: { rows: number; height: number; span: number }) {
	if (rows <= 0) return null;
	return (
		// biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row is not focusable; it only holds the place of others
		<tr class="spacer" aria-hidden="true">
			<td colSpan={span} style={{ height: `${rows * height}px` }} />
		</tr>
	);
}
