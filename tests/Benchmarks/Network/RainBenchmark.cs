using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Coding;
using PouringRain.Network;
using PouringRain.Protocol;

namespace Benchmarks.Network;

/// <summary>How fast rain crosses a loopback inside one process: listeners, sockets, client, decoding and verification, with the
/// resource in memory and a sink that keeps nothing. Beside it what memcpy, SHA-256 and bare UDP do here in the same minute.</summary>
internal static class RainBenchmark
{
    private const int BlockBytes = 1024 * 1024, SymbolSize = 1408, DatagramBytes = WireFormat.DropletHeaderBytes + SymbolSize;

    // The names of threads, as far as the kernel keeps them (15 bytes); the first is of all.
    private static readonly string[] ThreadGroups = ["", "rain 1", "rain client", "block worker"];

    /// <summary>Runs it; the first argument is the size in MiB (512), the second the runs of each row (3).</summary>
    public static int Run(string[] arguments) => RunAsync(arguments).GetAwaiter().GetResult();

    private static async Task<int> RunAsync(string[] arguments)
    {
        var size = (arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 512) * 1024L * 1024;
        var runs = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 3;
        var memcpy = Best(runs, () => Copy(size));
        var sha = Best(runs, () => Hash(size));
        var single = Best(runs, () => Udp(size / 4, offload: false));
        var offload = Best(runs, () => Udp(size, offload: true));
        Console.WriteLine($"memcpy {memcpy:f2} GB/s, SHA-256 {sha:f2} GB/s a core, bare UDP {single:f2} GB/s, with segmentation and "
            + $"coalescing {offload:f2} GB/s");
        Console.WriteLine("code      sources  seal  GB/s  of UDP  droplets/needed  core-s/GB: all, rain, client, workers");
        foreach (var code in FountainCodes.All)
        {
            foreach (var sources in new[] { 1, 3 })
            {
                for (var run = 0; run < runs; run++)
                {
                    await RainAsync(code, sources, size, offload, null);
                    await RainAsync(code, sources, size, offload, new SealSettings(RandomNumberGenerator.GetBytes(32)));
                }
            }
        }

        return 0;
    }

    private static async Task RainAsync(IFountainCode code, int sources, long size, double udp, SealSettings? seal)
    {
        var catalog = new RepeatingCatalog(code, size);
        var key = RandomNumberGenerator.GetBytes(32);
        var listeners = Enumerable.Range(0, sources).Select(_ => new RainListener(
            new IPEndPoint(IPAddress.Loopback, 0), new RainServerOptions { TokenKey = key }, catalog, _ => { }, seal: seal)).ToArray();
        await using var client = new RainClient(new RainClientOptions { Seal = seal });
        var request = new FetchRequest
        {
            Resource = new ResourceId(1),
            Servers = [.. listeners.Select(l => PeerAddress.From(l.LocalEndPoint))],
        };
        var cpu = ThreadSeconds();
        var watch = Stopwatch.StartNew();
        var handle = client.StartFetch(request, new FetchOptions(), new NullSink());
        var reason = await handle.Completion;
        var seconds = watch.Elapsed.TotalSeconds;
        var after = ThreadSeconds();
        var cores = string.Join(
            "  ", ThreadGroups.Select((_, i) => ((after[i] - cpu[i]) / size * 1e9).ToString("f2", CultureInfo.InvariantCulture)));
        var snapshot = handle.Snapshot;
        Console.WriteLine(
            $"{code.Name,-9} {sources,7}  {(seal is null ? "no" : "yes"),4}  {size / seconds / 1e9:f2}  {size / seconds / 1e9 / udp,6:f3}"
            + $"  {(double)snapshot.DropletsReceived / snapshot.SymbolsNeeded,15:f4}  {cores}  {reason}");
        foreach (var listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    /// <summary>Processor seconds used so far by the whole process and by its threads of
    /// each name; zeros where there is no /proc.</summary>
    private static double[] ThreadSeconds()
    {
        var seconds = new double[ThreadGroups.Length];
        foreach (var task in Directory.Exists("/proc/self/task") ? Directory.GetDirectories("/proc/self/task") : [])
        {
            var name = File.ReadAllText(Path.Combine(task, "comm"));

            // schedstat: nanoseconds on a processor, nanoseconds waiting for one, time slices.
            var used = long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9;
            for (var i = 0; i < seconds.Length; i++)
            {
                seconds[i] += name.StartsWith(ThreadGroups[i], StringComparison.Ordinal) ? used : 0;
            }
        }

        return seconds;
    }

    private static double Best(int runs, Func<double> measure) => Enumerable.Range(0, runs).Max(_ => measure());

    private static double Copy(long size)
    {
        var from = new byte[64 * 1024 * 1024];
        var to = new byte[from.Length];
        from.AsSpan().CopyTo(to);
        var watch = Stopwatch.StartNew();
        for (var done = 0L; done < size; done += from.Length)
        {
            from.AsSpan().CopyTo(to);
        }

        return Math.Ceiling((double)size / from.Length) * from.Length / watch.Elapsed.TotalSeconds / 1e9;
    }

    private static double Hash(long size)
    {
        var block = new byte[BlockBytes];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        var watch = Stopwatch.StartNew();
        for (var done = 0L; done < size; done += block.Length)
        {
            SHA256.HashData(block, digest);
        }

        return size / watch.Elapsed.TotalSeconds / 1e9;
    }

    private static double Udp(long size, bool offload)
    {
        using var receiver = DatagramSocket.Open(
            new IPEndPoint(IPAddress.Loopback, 0), 4 * 1024 * 1024, segment: false, offload, NullLogger.Instance);
        using var sender = DatagramSocket.Open(
            new IPEndPoint(IPAddress.Loopback, 0), 65_536, offload, coalesce: false, NullLogger.Instance);
        var received = 0L;
        var watch = Stopwatch.StartNew();
        var thread = new Thread(() =>
        {
            var buffer = new byte[DatagramSocket.BufferBytes];
            while (Volatile.Read(ref received) < size && receiver.Wait(TimeSpan.FromSeconds(1)))
            {
                do
                {
                    receiver.TryReceive(buffer, out _, out var length);
                    Volatile.Write(ref received, received + length);
                }
                while (receiver.HasPending);
            }
        });
        thread.Start();
        var burst = new byte[44 * DatagramBytes];
        var to = PeerAddress.From(receiver.LocalEndPoint);
        for (var sent = 0L; Volatile.Read(ref received) < size && thread.IsAlive;)
        {
            // Half a megabyte in flight: no more than the receive buffer holds, so that nothing is lost.
            if (sent - Volatile.Read(ref received) < 512 * 1024)
            {
                sender.Send(to, burst, DatagramBytes);
                sent += burst.Length;
            }
            else
            {
                Thread.Yield();
            }
        }

        thread.Join();
        return received / watch.Elapsed.TotalSeconds / 1e9;
    }

    private sealed class NullSink : IFetchSink
    {
        public ReadOnlyMemory<ulong>? OnManifest(Manifest manifest) => ReadOnlyMemory<ulong>.Empty;

        public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
        {
        }

        public void OnSourceEvent(FetchEvent fetchEvent)
        {
        }
    }

    /// <summary>One block of random bytes over and over: as many bytes as wanted, in the memory of one block and its encoders.</summary>
    private sealed class RepeatingCatalog : IRainCatalog, IRainContent
    {
        private readonly IBlockEncoder?[] _encoders;
        private readonly IFountainCode _code;
        private readonly byte[] _block = new byte[BlockBytes];

        public RepeatingCatalog(IFountainCode code, long size)
        {
            _code = code;
            new Random(1).NextBytes(_block);
            ResourceLayout.TryCreate(size, BlockBytes, SymbolSize, out var layout);
            var digests = new BlockDigest[layout!.BlockCount];
            digests.AsSpan().Fill(BlockDigest.Of(BlockDigestAlgorithm.Blake3, _block));
            Manifest = Manifest.Create(layout, code.Name, 1, default, "application/octet-stream", null, digests);
            _encoders = new IBlockEncoder?[layout.BlockCount];
            for (var block = 0; !code.IsSystematic && block < _encoders.Length; block++)
            {
                EncoderOf(block);
            }
        }

        public Manifest Manifest { get; }

        public bool IsComplete => true;

        public CatalogAnswer Find(ResourceId id, out IRainContent? content)
        {
            content = this;
            return CatalogAnswer.Found;
        }

        public CatalogAnswer Find(ResourceId id, ulong versionTag, out IRainContent? content)
        {
            content = versionTag == Manifest.Version.Tag ? this : null;
            return content is null ? CatalogAnswer.Missing : CatalogAnswer.Found;
        }

        public bool HasBlock(int blockIndex) => true;

        public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination)
        {
            if (destination.Length != SymbolSize)
            {
                return SymbolReadResult.Unavailable;
            }

            if (_code.IsSystematic && esi < Manifest.Layout.SymbolsOf(blockIndex))
            {
                var source = _block.AsSpan((int)esi * SymbolSize);
                destination.Clear();
                source[..Math.Min(source.Length, SymbolSize)].CopyTo(destination);
                return SymbolReadResult.Ok;
            }

            EncoderOf(blockIndex).Encode(esi, destination);
            return SymbolReadResult.Ok;
        }

        private IBlockEncoder EncoderOf(int blockIndex)
        {
            if (Volatile.Read(ref _encoders[blockIndex]) is { } known)
            {
                return known;
            }

            lock (_encoders)
            {
                if (_encoders[blockIndex] is not { } encoder)
                {
                    encoder = _code.CreateEncoder(Manifest.Layout.SymbolsOf(blockIndex), SymbolSize);
                    encoder.Begin((uint)blockIndex, _block);
                    Volatile.Write(ref _encoders[blockIndex], encoder);
                }

                return encoder;
            }
        }
    }
}
