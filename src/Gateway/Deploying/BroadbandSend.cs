using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Broadband;

namespace Gateway.Deploying;

/// <summary><c>--send FILE --broadband BROADCAST</c>: to clients of the seed.</summary>
internal static class BroadbandSend
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(SendOptions options, ProgressOutput output, CancellationToken cancellationToken)
    {
        using var bytes = SentBytes.Open(options.Path, output, cancellationToken);
        var serving = new BroadbandServerOptions
        {
            Group = PeerAddress.From(options.Socket.Group),
            Allowed = options.Allowed,
            RateBytesPerSecond = options.RateBytesPerSecond,
            WaitCount = options.WaitCount,
            WaitMax = options.WaitMax,
            RoundCountMax = options.Rounds == 0 ? int.MaxValue : options.Rounds,
        };
        await using var sending = BroadbandSending.Start(
            options.Socket, BroadbandFormat.ServerPort, serving, bytes, NullLogger.Instance);
        var rate = new RateMeter();
        while (!sending.Completion.IsCompleted)
        {
            var figures = sending.Figures;
            output.Tell(Of(figures, bytes.Length, rate.Note(figures.SentBytes)));
            if (cancellationToken.IsCancellationRequested)
            {
                output.End(ExitCodes.Interrupted, $"ended: {Told(figures, bytes.Length)}");
                cancellationToken.ThrowIfCancellationRequested();
            }

            await Task.WhenAny(sending.Completion, Task.Delay(ProgressInterval, cancellationToken));
        }

        await sending.Completion;
        var last = sending.Figures;
        var progress = Of(last, bytes.Length, null);
        return last.ClientCount < options.Quorum
            ? output.End(
                ExitCodes.QuorumMissed, $"{Told(last, bytes.Length)}; {options.Quorum} were to ask", progress)
            : output.End(ExitCodes.Done, $"{Told(last, bytes.Length)}; nobody asks any more", progress);
    }

    private static Progress Of(BroadbandServerFigures figures, long length, double? rate) => new()
    {
        Phase = figures.Phase switch
        {
            BroadbandPhase.Waiting => "waiting for clients",
            BroadbandPhase.Streaming => figures.Round == 1 ? "streaming" : $"streaming, round {figures.Round},",
            BroadbandPhase.Ending => "telling the end",
            _ => "done",
        },
        DoneBytes = figures.Position,
        TotalBytes = length,
        RateBytesPerSecond = rate,
        Receivers = (figures.ClientCount, figures.ClientCount - figures.WaitingCount, 0),
        Left = rate > 0 ? TimeSpan.FromSeconds((length - figures.Position) / rate.Value) : null,
    };

    private static string Told(BroadbandServerFigures figures, long length) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ProgressOutput.Size(length)} streamed to {100.0 * figures.Position / Math.Max(1, length):0.#} % in round {figures.Round}, "
        + $"{ProgressOutput.Size(figures.SentBytes)} on the wire, {figures.ClientCount} clients asked for {figures.RewindCount} repairs");
}
