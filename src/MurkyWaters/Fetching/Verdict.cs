using System.Globalization;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Says in a sentence what bounded a transfer's speed.</summary>
internal static class Verdict
{
    public static string Of(TransferFigures figures, FetchEndReason end, bool isOver)
    {
        switch (end)
        {
            case FetchEndReason.NotFound:
                return "No server has it.";
            case FetchEndReason.Unanswered:
                return "No server answered in time.";
            case FetchEndReason.Stalled:
                return "The servers that rained fell silent.";
            case FetchEndReason.IntegrityFailure:
                return "No honest source was left.";
            case FetchEndReason.Busy:
                return "Every server that answered was busy.";
            case FetchEndReason.Cancelled:
                return "Nobody wanted it any more.";
            case FetchEndReason.LocalFailure:
                return "The blocks could not be kept here: the disk is full or failing.";
        }

        var was = isOver ? "was" : "is";
        var droplets = figures.Sources.Sum(source => source.Droplets);
        var lost = figures.Sources.Sum(source => source.Lost);
        if (droplets == 0)
        {
            return isOver ? "Nothing had to rain." : "Waiting for the first droplet.";
        }

        return figures.Bound switch
        {
            FetchBound.SourceRate => $"The servers' own ceilings {was} the bound: {Rates(figures)}.",
            FetchBound.Path => $"The paths {was} the bound, as rate control found them: {Rates(figures)}.",
            FetchBound.Loss => $"Losses {was} the bound: {Percent(lost, droplets + lost)} of the droplets did not come.",
            FetchBound.Local => $"This node {was} the bound: blocks waited for decoding, verification or the disk.",
            _ => isOver ? $"No single bound stood out: {Rates(figures)}." : "It is too young to show a bound.",
        };
    }

    private static string Rates(TransferFigures figures) => string.Join(", ", figures.Sources
        .Where(source => source.Droplets > 0)
        .OrderByDescending(source => source.Droplets)
        .Take(4)
        .Select(source => string.Create(CultureInfo.InvariantCulture, $"{source.Peer} {source.RateBytesPerSecond / 1e6:F1} MB/s")));

    private static string Percent(long part, long whole) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:F1} %");
}
