using System.Globalization;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Says in a sentence what bounded a transfer's speed.</summary>
internal static class Verdict
{
    private const int NamedMax = 4;

    /// <summary>What is over within so much has hardly been sampled, once a second.</summary>
    private static readonly TimeSpan ShortTransfer = TimeSpan.FromSeconds(2);

    public static string Of(TransferFigures figures, FetchEndReason end, TimeSpan elapsed, bool isOver)
    {
        switch (end)
        {
            case FetchEndReason.NotFound:
                return figures.Sources.Count == 0 ? "There was no other server to ask."
                    : figures.Sources.All(source => source.State == SourceState.NotFound) ? "No server that was asked has it."
                    : "No server that answered has it.";
            case FetchEndReason.Unanswered:
                return "No server answered in time.";
            case FetchEndReason.Stalled:
                return "The servers that rained fell silent.";
            case FetchEndReason.IntegrityFailure:
                return "No honest source was left.";
            case FetchEndReason.NotUnderstood:
                return "What the servers offer is of a later program than this one.";
            case FetchEndReason.Busy:
                return figures.Sources.Any(source => source.State == SourceState.NotFound)
                    ? "Some servers do not have it, and the others were busy."
                    : "Every server that answered was busy.";
            case FetchEndReason.Cancelled:
                return "Nobody wanted it any more.";
            case FetchEndReason.NoNetwork:
                return "This node has no socket to ask with.";
            case FetchEndReason.LocalFailure:
                return "The blocks could not be kept here: the disk is full or failing.";
        }

        var droplets = figures.Sources.Sum(source => source.Droplets);
        var lost = figures.Sources.Sum(source => source.Lost);
        if (droplets == 0)
        {
            return isOver ? "Nothing had to rain." : "Waiting for the first droplet.";
        }

        var sets = isOver ? "set" : "sets";
        var rates = Rates(figures, elapsed);
        return figures.Bound switch
        {
            FetchBound.SourceRate => $"The servers {(isOver ? "sent" : "send")} as fast as they may: {rates}.",
            FetchBound.Path => $"The network {sets} the pace: {rates}.",
            FetchBound.Loss => $"Losses {sets} the pace: {Percent(lost, droplets + lost)} of the droplets did not come.",
            FetchBound.Local => $"This node {sets} the pace: blocks {(isOver ? "waited" : "wait")} for decoding, checking or the disk.",
            FetchBound.Ceiling =>
                $"It {(isOver ? "was" : "is")} held to what Cluster:RepairBytesPerSecond, or its deployment, allows: {rates}.",
            _ when !isOver => "It is too early to say what sets the pace.",
            _ when elapsed < ShortTransfer => $"It was over before anything set the pace: {rates}.",
            _ => $"Nothing stood out that set the pace: {rates}.",
        };
    }

    /// <summary>The biggest contributors and what came of each a second until now, in the order of their addresses, so that a running
    /// transfer's sentence does not jump about.</summary>
    private static string Rates(TransferFigures figures, TimeSpan elapsed)
    {
        var raining = figures.Sources.Where(source => source.Droplets > 0).OrderByDescending(source => source.Droplets).ToList();
        var named = raining
            .Take(NamedMax)
            .Select(source => (Name: source.Peer.ToString(), Rate: TransferFigures.RateOf(source, elapsed, isOver: true) / 1e6))
            .OrderBy(source => source.Name, StringComparer.Ordinal)
            .Select(source => string.Create(CultureInfo.InvariantCulture, $"{source.Name} {source.Rate:F1} MB/s"));
        return string.Join(", ", named) + (raining.Count > NamedMax ? $", and {raining.Count - NamedMax} more" : "");
    }

    private static string Percent(long part, long whole) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:F1} %");
}
