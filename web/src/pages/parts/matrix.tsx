import { EVERYWHERE, type Grant } from "../../api/types.ts";
import { Icon } from "../../ui/icon.tsx";
import { counts, isGranted, RIGHTS, type Right, withRight } from "../../util/rights.ts";

interface MatrixProps {
	label: string;
	grants: Grant[];
	/** Columns beside "all platforms"; without it those that the grants name. */
	platforms?: string[];
	/** Without it the matrix is for reading. */
	onChange?: (grants: Grant[]) => void;
	/** Why a right cannot be handed out, or empty. */
	denied?: (right: Right, platform: string) => string;
}

function named(grants: Grant[]): string[] {
	return grants.map((g) => g.platform).filter((p) => p !== EVERYWHERE);
}

/** Rights by platforms. The first column counts everywhere, so the others show it too. */
export function RightsMatrix({ label, grants, platforms = named(grants), onChange, denied }: MatrixProps) {
	const columns = [EVERYWHERE, ...platforms];
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also by keyboard
		<section class="matrix-box" aria-label={label} tabIndex={0}>
			<table class="matrix">
				<thead>
					<tr>
						<th scope="col">Right</th>
						{columns.map((c) => (
							<th key={c} scope="col" class="matrix-column">
								{c === EVERYWHERE ? "All platforms" : <code>{c}</code>}
							</th>
						))}
						<td class="matrix-rest" />
					</tr>
				</thead>
				{RIGHTS.map((group) => (
					<tbody key={group.title}>
						<tr class="matrix-group">
							<th scope="rowgroup" colSpan={columns.length + 2}>
								<span>{group.title}</span>
							</th>
						</tr>
						{group.rights.map((right) => (
							<tr key={right.permission}>
								<th scope="row">
									<span class="matrix-right">
										{right.label} <code>{right.permission}</code>
									</span>
								</th>
								{columns.map((c) => (
									<td key={c}>
										<Cell
											right={right}
											platform={c}
											grants={grants}
											onChange={onChange}
											denied={denied?.(right, c) ?? ""}
										/>
									</td>
								))}
								<td class="matrix-rest" />
							</tr>
						))}
					</tbody>
				))}
			</table>
		</section>
	);
}

interface CellProps {
	right: Right;
	platform: string;
	grants: Grant[];
	onChange: MatrixProps["onChange"];
	denied: string;
}

function Cell({ right, platform, grants, onChange, denied }: CellProps) {
	const everywhere = platform === EVERYWHERE;
	const own = isGranted(grants, right.permission, platform);
	const on = counts(grants, right.permission, platform);
	if (right.wide && !everywhere) return <Sign on={on} faint />;
	if (!onChange) return <Sign on={on} faint={!own} />;
	const inherited = on && !own;
	const off = inherited || (denied !== "" && !own);
	return (
		<label class="matrix-cell" title={inherited ? "Counts on all platforms already" : denied || undefined}>
			<input
				type="checkbox"
				checked={on}
				disabled={off}
				aria-label={`${right.label}, ${everywhere ? "all platforms" : platform}`}
				onChange={(e) => onChange(withRight(grants, right, platform, e.currentTarget.checked))}
			/>
		</label>
	);
}

function Sign({ on, faint }: { on: boolean; faint: boolean }) {
	return (
		<span class={`matrix-sign ${on ? "on" : ""} ${faint ? "faint" : ""}`}>
			{on ? <Icon name="check" /> : <span aria-hidden="true">·</span>}
			<span class="sr">{on ? "yes" : "no"}</span>
		</span>
	);
}
