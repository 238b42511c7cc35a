using System.Globalization;
using System.Text;

namespace Benchmarks.Codes;

/// <summary>A picture of throughput over K, both logarithmic, one line per code and case.</summary>
internal static class ThroughputChart
{
    private const double Width = 960;
    private const double Height = 560;
    private const double Left = 70;
    private const double Right = 230;
    private const double Top = 30;
    private const double Bottom = 60;

    private static readonly string[] Colours =
        ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22"];

    public static string Draw(IReadOnlyList<CodeRow> rows)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\"");
        svg.Append(" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        if (rows.Count > 0)
        {
            DrawPlot(svg, rows);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void DrawPlot(StringBuilder svg, IReadOnlyList<CodeRow> rows)
    {
        var (kLow, kHigh) = (Math.Log10(rows.Min(row => row.K)), Math.Log10(rows.Max(row => row.K)));
        kHigh = Math.Max(kHigh, kLow + 0.1);
        var low = Math.Floor(Math.Log10(rows.Min(row => row.Gbs)));
        var high = Math.Max(Math.Ceiling(Math.Log10(rows.Max(row => row.Gbs))), low + 1);
        double X(double k) => Left + ((Math.Log10(k) - kLow) / (kHigh - kLow) * (Width - Left - Right));
        double Y(double rate) => Height - Bottom - ((Math.Log10(rate) - low) / (high - low) * (Height - Top - Bottom));

        foreach (var k in rows.Select(row => row.K).Distinct().Order())
        {
            Line(svg, X(k), Top, X(k), Height - Bottom, "#dddddd");
            Text(svg, X(k), Height - Bottom + 18, "middle", k.ToString(CultureInfo.InvariantCulture));
        }

        for (var decade = low; decade <= high; decade++)
        {
            for (var digit = 1; digit < (decade < high ? 10 : 2); digit++)
            {
                var rate = digit * Math.Pow(10, decade);
                Line(svg, Left, Y(rate), Width - Right, Y(rate), digit == 1 ? "#999999" : "#eeeeee");
                if (digit is 1 or 2 or 5)
                {
                    Text(svg, Left - 8, Y(rate) + 4, "end", rate.ToString("G3", CultureInfo.InvariantCulture));
                }
            }
        }

        Text(svg, (Left + Width - Right) / 2, Height - 16, "middle", "source symbols of a block (K)");
        Text(svg, Left, Top - 12, "start", "GB/s of source data, one thread");
        var number = 0;
        foreach (var series in rows.GroupBy(row => $"{row.Code} {row.Case}"))
        {
            var colour = Colours[number % Colours.Length];
            var points = string.Join(
                ' ', series.OrderBy(row => row.K).Select(row => FormattableString.Invariant($"{X(row.K):F1},{Y(row.Gbs):F1}")));
            svg.Append(
                CultureInfo.InvariantCulture, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            var y = Top + 10 + (20 * number++);
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect x=\"{Width - Right + 16}\" y=\"{y - 9}\" width=\"14\" height=\"10\" fill=\"{colour}\"/>");
            Text(svg, Width - Right + 36, y, "start", series.Key);
        }
    }

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string colour) => svg.Append(
        CultureInfo.InvariantCulture, $"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" stroke=\"{colour}\"/>");

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text) => svg.Append(
        CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">{text}</text>");
}
