using System.Net.NetworkInformation;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Gateway.Deploying;

/// <summary><c>--receive --group ADDRESS:PORT --write PATH</c>.</summary>
internal static class GroupReceive
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the sender is told that this receiver was ended.</summary>
    private static readonly TimeSpan FarewellMax = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(ReceiveOptions options, ProgressOutput output, CancellationToken cancellationToken)
    {
        using var target = await OpenAsync(options, output);
        var sink = new Sink(target, output);
        var taking = new GroupReceiverOptions
        {
            Identity = IdentityOf(options, target.Name, target.IsLasting),
            Sender = options.Sender is { } sender ? PeerAddress.From(sender) : null,
        };
        await using var receiving = GroupReceiving.Start(
            options.Socket, taking, sink, GroupSend.SealOf(options.Secret), NullLogger.Instance);
        var rate = new RateMeter();
        var started = TimeProvider.System.GetTimestamp();
        long? cancelledAt = null;
        var isUnicastTold = false;
        while (!receiving.Completion.IsCompleted)
        {
            if (!sink.IsReadingBack)
            {
                output.Tell(Of(receiving, rate));
            }

            if (!isUnicastTold && receiving.IsOnUnicast)
            {
                isUnicastTold = true;
                output.Say($"{receiving.UnicastReason}: what is missing is fetched by unicast");
            }

            if (cancellationToken.IsCancellationRequested && cancelledAt is null)
            {
                cancelledAt = TimeProvider.System.GetTimestamp();
                receiving.Cancel();
            }

            if (cancelledAt is { } at && TimeProvider.System.GetElapsedTime(at) > FarewellMax)
            {
                break;
            }

            if (receiving.Sender is null && TimeProvider.System.GetElapsedTime(started) > options.WaitMax)
            {
                return output.End(ExitCodes.Failed, $"nothing came to {options.Socket.Group}");
            }

            await Task.WhenAny(receiving.Completion, Task.Delay(ProgressInterval, CancellationToken.None));
        }

        var progress = Of(receiving, rate);
        var remains = target.Remains.Length == 0 || receiving.Manifest is null ? "" : $"; {target.Remains}";
        if (cancelledAt is not null)
        {
            output.End(ExitCodes.Interrupted, $"ended: {ProgressOutput.Line(progress)}{remains}", progress);
            cancellationToken.ThrowIfCancellationRequested();
        }

        var reason = await receiving.Completion;
        if (reason is GroupReceiverEndReason.Completed or GroupReceiverEndReason.Unacknowledged)
        {
            var manifest = receiving.Manifest!;
            return output.End(
                ExitCodes.Done,
                $"{ProgressOutput.Size(manifest.Layout.Length)} in {target.Name}, SHA-256 {manifest.Sha256}, every block verified"
                + (target.IsLasting ? " and all read back" : "")
                + (reason == GroupReceiverEndReason.Unacknowledged ? "; the sender has not acknowledged the receipt" : ""),
                progress with { Phase = "done", DoneBytes = manifest.Layout.Length });
        }

        var why = receiving.Failure?.Message ?? reason switch
        {
            GroupReceiverEndReason.NotUnderstood => "what rains is of a later program",
            _ => "the sender is gone, and what is missing cannot be had",
        };
        return output.End(ExitCodes.Failed, $"{target.Name}: {why}{remains}", progress);
    }

    /// <summary>Opens where it goes. When that cannot be, a sender that waits for this machine is told so.</summary>
    private static async Task<Target> OpenAsync(ReceiveOptions options, ProgressOutput output)
    {
        try
        {
            return Target.Open(options.Path, output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var taking = new GroupReceiverOptions { Identity = IdentityOf(options, options.Path, isLasting: true) };
            await using var receiving = GroupReceiving.Start(
                options.Socket, taking, new NoSink(), GroupSend.SealOf(options.Secret), NullLogger.Instance);
            receiving.Fail(GroupFailure.NotWritable);
            await Task.WhenAny(receiving.Completion, Task.Delay(FarewellMax, CancellationToken.None));
            throw;
        }
    }

    private static Progress Of(GroupReceiving receiving, RateMeter rate)
    {
        var snapshot = receiving.Snapshot;
        var manifest = receiving.Manifest;

        // Mostly it comes in order: as many blocks as are here are taken for the first ones, some of which are small.
        var done = manifest is null ? 0
            : snapshot.Blocks < manifest.Layout.BlockCount ? manifest.Layout.OffsetOf(snapshot.Blocks) : manifest.Layout.Length;
        var came = rate.Note(done);
        return new Progress
        {
            Phase = receiving.State switch
            {
                GroupReceiverState.Waiting => receiving.Sender is null ? "waiting for rain" : "waiting for the manifest",
                GroupReceiverState.Verifying => "reading back",
                GroupReceiverState.Done => "done",
                GroupReceiverState.Failed => "failed",
                _ => receiving.IsOnUnicast ? "fetching what is missing" : "receiving",
            },
            DoneBytes = done,
            TotalBytes = manifest?.Layout.Length,
            RateBytesPerSecond = receiving.IsOnUnicast ? came : snapshot.RateBitsPerSecond / 8.0,
            Loss = snapshot.Droplets > 0 ? snapshot.Loss : null,
            Left = manifest is not null && came > 0 ? TimeSpan.FromSeconds((manifest.Layout.Length - done) / came.Value) : null,
        };
    }

    /// <summary>The same receiver after a restart is the same to the sender: known by the machine, and by what it writes.</summary>
    private static NodeId IdentityOf(ReceiveOptions options, string target, bool isLasting)
    {
        var name = new StringBuilder($"{Environment.MachineName}\n{options.Socket.Group}\n{target}\n");
        foreach (var one in NetworkInterface.GetAllNetworkInterfaces().OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            name.Append(one.Name).Append(' ').Append(one.GetPhysicalAddress()).Append('\n');
        }

        if (!isLasting)
        {
            name.Append(Guid.NewGuid());
        }

        Span<byte> digest = stackalloc byte[Sha256Digest.SizeBytes];
        Sha256Digest.Of(Encoding.UTF8.GetBytes(name.ToString())).Write(digest);
        return NodeId.FromDrawn(digest);
    }

    /// <summary>Takes nothing.</summary>
    private sealed class NoSink : IGroupSink
    {
        public ulong[] OnManifest(Manifest manifest) => [];

        public void OnBlock(int blockIndex, ReadOnlySpan<byte> block) => throw new IOException("Nothing can be written.");

        public Sha256Digest ReadBack() => throw new IOException("Nothing was written.");
    }

    /// <summary>Called by the receiver's threads.</summary>
    private sealed class Sink(Target target, ProgressOutput output) : IGroupSink
    {
        private Manifest? _manifest;

        public bool IsReadingBack { get; private set; }

        public ulong[] OnManifest(Manifest manifest)
        {
            _manifest = manifest;
            target.Begin(manifest.Layout.Length);
            var held = target.FindHeld(manifest);
            var count = held.Sum(word => (long)ulong.PopCount(word));
            if (count > 0)
            {
                output.Say($"{count} of {manifest.Layout.BlockCount} blocks are there already, and verified");
            }

            return held;
        }

        public void OnBlock(int blockIndex, ReadOnlySpan<byte> block) =>
            target.Write(_manifest!.Layout.OffsetOf(blockIndex), block);

        public Sha256Digest ReadBack()
        {
            IsReadingBack = true;
            var length = _manifest!.Layout.Length;
            var digest = target.ReadBack(
                length, done => output.Tell(new Progress { Phase = "reading back", DoneBytes = done, TotalBytes = length }));
            if (digest == _manifest.Sha256)
            {
                // The receipt says that it is there: so it has its name before.
                target.Keep();
            }

            return digest;
        }
    }
}
