using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Broadband;

namespace Gateway.Deploying;

/// <summary><c>--receive --broadband SERVER</c>: from a server of the seed. Its format knows no digests: what is verified is that the disk
/// has what came.</summary>
internal static class BroadbandReceive
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(ReceiveOptions options, ProgressOutput output, CancellationToken cancellationToken)
    {
        using var target = Target.Open(options.Path, output);
        target.Begin(null);
        using var sink = new Sink(target);
        var asking = new BroadbandClientOptions
        {
            Server = new PeerAddress(
                PeerAddress.From(new System.Net.IPEndPoint(options.BroadbandServer!, 0)).Address, BroadbandFormat.ServerPort),
        };
        bool isComplete;
        long length;
        await using (var receiving = BroadbandReceiving.Start(options.Socket, asking, sink, NullLogger.Instance))
        {
            var rate = new RateMeter();
            var started = TimeProvider.System.GetTimestamp();
            while (!receiving.Completion.IsCompleted)
            {
                var position = receiving.Position;
                output.Tell(new Progress
                {
                    Phase = position == 0 ? "waiting for the server" : "receiving",
                    DoneBytes = position,
                    TotalBytes = receiving.Length < 0 ? null : receiving.Length,
                    RateBytesPerSecond = rate.Note(position),
                });
                if (cancellationToken.IsCancellationRequested)
                {
                    output.End(ExitCodes.Interrupted, $"ended: {ProgressOutput.Size(position)} came");
                    cancellationToken.ThrowIfCancellationRequested();
                }

                if (position == 0 && receiving.Length < 0 && TimeProvider.System.GetElapsedTime(started) > options.WaitMax)
                {
                    return output.End(ExitCodes.Failed, $"nothing came of {options.BroadbandServer}");
                }

                await Task.WhenAny(receiving.Completion, Task.Delay(ProgressInterval, cancellationToken));
            }

            isComplete = await receiving.Completion;
            length = receiving.Position;
        }

        if (!isComplete)
        {
            return output.End(ExitCodes.Failed, $"the server has gone silent after {ProgressOutput.Size(length)}");
        }

        sink.Flush();
        var came = sink.Digest();
        var there = target.ReadBack(
            length, done => output.Tell(new Progress { Phase = "reading back", DoneBytes = done, TotalBytes = length }));
        if (there != came)
        {
            return output.End(ExitCodes.Failed, $"{target.Name} has other bytes than came: SHA-256 {there}, and {came} came");
        }

        target.Keep();
        return output.End(
            ExitCodes.Done, $"{ProgressOutput.Size(length)} in {target.Name}, SHA-256 {came}{(target.IsLasting ? ", read back" : "")}",
            new Progress { Phase = "done", DoneBytes = length, TotalBytes = length });
    }

    /// <summary>Writes in larger pieces than come.</summary>
    private sealed class Sink(Target target) : IBroadbandSink, IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _buffer = new byte[1 << 20];
        private int _count;
        private long _offset;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                var count = Math.Min(bytes.Length, _buffer.Length - _count);
                bytes[..count].CopyTo(_buffer.AsSpan(_count));
                _count += count;
                bytes = bytes[count..];
                if (_count == _buffer.Length)
                {
                    Flush();
                }
            }
        }

        public void Flush()
        {
            target.Write(_offset, _buffer.AsSpan(0, _count));
            _hash.AppendData(_buffer, 0, _count);
            _offset += _count;
            _count = 0;
        }

        public Sha256Digest Digest() => Sha256Digest.Read(_hash.GetHashAndReset());

        public void Dispose() => _hash.Dispose();
    }
}
