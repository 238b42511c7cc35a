using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Raining;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Gateway.Deploying;

/// <summary><c>--send FILE --group ADDRESS:PORT</c>.</summary>
internal static class GroupSend
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(SendOptions options, ProgressOutput output, CancellationToken cancellationToken)
    {
        using var bytes = SentBytes.Open(options.Path, output, cancellationToken);
        using var content = WholeContent.Read(
            bytes, Math.Max(0, bytes.WrittenAt.ToUnixTimeMilliseconds()),
            done => output.Tell(new Progress { Phase = "reading", DoneBytes = done, TotalBytes = bytes.Length }), cancellationToken);
        var serving = new GroupSenderOptions
        {
            Group = default,
            TokenKey = default,
            RateBitsPerSecond = 8 * options.RateBytesPerSecond,
            IsRateAutomatic = options.IsRateAutomatic,
            WaitForReceivers = options.WaitCount,
            WaitAtMost = options.WaitMax,
            Quorum = options.Quorum,
            Rounds = options.Rounds,
        };
        await using var sending = GroupSending.Start(
            options.Socket, serving, ResourceOf(content.Manifest), content.Content, SealOf(options.Secret), NullLogger.Instance);
        var rate = new RateMeter();
        var isTold = false;
        while (!sending.Completion.IsCompleted)
        {
            output.Tell(Of(sending, content.Manifest, rate.Note(sending.Snapshot.WireBytes + sending.UnicastBytes)));
            if (cancellationToken.IsCancellationRequested && !isTold)
            {
                isTold = true;
                sending.Cancel();
            }

            await Task.WhenAny(sending.Completion, Task.Delay(ProgressInterval, CancellationToken.None));
        }

        var reason = await sending.Completion;
        var rows = await sending.GetReceiversAsync();
        var end = Of(sending, content.Manifest, null) with { Phase = "ended" };
        foreach (var row in rows.Where(row => row.State != GroupReceiverState.Done))
        {
            output.Say($"{row.Address.ToIPEndPoint().Address}: {Describe(row, content.Manifest.Layout.BlockCount)}");
        }

        var doneCount = rows.Count(row => row.State == GroupReceiverState.Done);
        var text = $"{doneCount} of {rows.Count} receivers have all {ProgressOutput.Size(bytes.Length)} and have read it back; "
            + $"{ProgressOutput.Size(sending.Snapshot.WireBytes)} rained, {ProgressOutput.Size(sending.UnicastBytes)} by unicast";
        if (isTold)
        {
            output.End(ExitCodes.Interrupted, $"ended: {text}", end);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return doneCount < options.Quorum
                ? output.End(ExitCodes.QuorumMissed, $"{text}; {options.Quorum} were to have it", end)
            : reason == GroupEndReason.Completed ? output.End(ExitCodes.Done, text, end)
            : output.End(ExitCodes.Failed, reason == GroupEndReason.NobodyCame ? "no receiver has announced itself" : text, end);
    }

    /// <summary>The same bytes are the same resource, whatever they are called.</summary>
    public static ResourceId ResourceOf(Manifest manifest) => new(Math.Max(1, manifest.Sha256.Tag));

    /// <summary>The seal of a secret; null for none.</summary>
    public static SealSettings? SealOf(string secret) => secret.Length == 0 ? null : new SealSettings(Encoding.UTF8.GetBytes(secret));

    private static Progress Of(GroupSending sending, Manifest manifest, double? rate)
    {
        var snapshot = sending.Snapshot;
        var layout = manifest.Layout;
        var position = snapshot.Stage switch
        {
            GroupStage.Waiting => 0,
            GroupStage.Raining when snapshot.FirstBlock < layout.BlockCount => layout.OffsetOf(snapshot.FirstBlock),
            _ => layout.Length,
        };
        var left = snapshot.Stage == GroupStage.Raining && snapshot.RateBitsPerSecond > 0
            ? TimeSpan.FromSeconds(8.0 * (layout.Length - position) * (1 + snapshot.Loss) / snapshot.RateBitsPerSecond) : (TimeSpan?)null;
        var counts = snapshot.Receivers;
        return new Progress
        {
            Phase = snapshot.Stage switch
            {
                GroupStage.Waiting => "waiting for receivers",
                GroupStage.Raining => snapshot.Round <= 1 ? "raining" : $"raining, round {snapshot.Round},",
                GroupStage.Finishing => "awaiting receipts",
                _ => "ended",
            },
            DoneBytes = position,
            TotalBytes = layout.Length,
            RateBytesPerSecond = rate,
            Loss = snapshot.Loss,
            Receivers = (
                counts.Sum(), counts[(int)GroupReceiverState.Done],
                counts[(int)GroupReceiverState.Failed] + counts[(int)GroupReceiverState.Lost]),
            Left = left,
        };
    }

    private static string Describe(GroupReceiverRow row, int blockCount) => row.Failure switch
    {
        GroupFailure.DiskFull => "its disk is full",
        GroupFailure.NotWritable => "it cannot write where it was told to",
        GroupFailure.ReadBackDiffers => "what it read back is not what was sent",
        GroupFailure.Cancelled => "it was ended",
        GroupFailure.Incomplete => "it could not get what it lacked",
        GroupFailure.Other => "it failed",
        _ => string.Create(
            CultureInfo.InvariantCulture,
            $"{(row.State == GroupReceiverState.Lost ? "nothing is heard of it any more" : "it has not finished")}, at "
            + $"{100.0 * row.Blocks / Math.Max(1, blockCount):0.#} %, loss {100 * row.Loss:0.#} %"),
    };
}
