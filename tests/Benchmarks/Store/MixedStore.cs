using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Benchmarks.Store;

/// <summary>
/// A store of very many bytes on little disk: small resources as anybody puts them, and large ones whose files are of zeros, so that the
/// file system keeps no block of them. Every digest is right, so that whoever reads them has the work of real ones.
/// </summary>
internal static class MixedStore
{
    private const int SymbolSize = 1408, FirstLength = 5_000_000, Step = 64, Callers = 64;

    /// <summary>Bytes of the large resources together.</summary>
    public static long BytesOf(int largeCount) => (largeCount * (long)FirstLength) + (Step * (long)largeCount * (largeCount - 1) / 2);

    /// <summary>Fills a folder.</summary>
    /// <param name="path">The store's folder.</param>
    /// <param name="smallCount">Resources of 1 KiB.</param>
    /// <param name="largeCount">Resources of 5 MB and a little more, no two of them of the same length.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task FillAsync(string path, int smallCount, int largeCount, CancellationToken cancellation)
    {
        using var store = ResourceStore.Open(new StoreOptions { Path = path }, NullLogger.Instance);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(
            Enumerable.Range(0, smallCount), parallel, async (i, _) => await StoreBenchmark.PutAsync(store, i + 1, 1024));

        var zeros = new byte[ResourceLayout.AutoBlockBytes(FirstLength, SymbolSize)];
        var digest = BlockDigest.Of(BlockDigestAlgorithm.Blake3, zeros);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        whole.AppendData(new byte[FirstLength]);
        var digests = new Sha256Digest[largeCount];
        for (var i = 0; i < largeCount; i++)
        {
            digests[i] = Sha256Digest.Read(whole.GetCurrentHash());
            whole.AppendData(zeros.AsSpan(0, Step));
        }

        await Parallel.ForEachAsync(Enumerable.Range(0, largeCount), parallel, async (i, _) =>
        {
            var length = FirstLength + (Step * (long)i);
            if (!ResourceLayout.TryCreate(length, zeros.Length, SymbolSize, out var layout))
            {
                throw new InvalidOperationException($"{length} bytes make no layout");
            }

            var blocks = new BlockDigest[layout.BlockCount];
            Array.Fill(blocks, digest);
            blocks[^1] = BlockDigest.Of(BlockDigestAlgorithm.Blake3, zeros.AsSpan(0, layout.BytesOf(layout.BlockCount - 1)));
            var name = string.Create(CultureInfo.InvariantCulture, $"zeros-{i}.bin");
            var manifest = Manifest.Create(
                layout, "raptorq", 1_700_000_000_000 + i, digests[i], "application/octet-stream", name, blocks);
            var file = store.Files.NextTemporaryPath();
            using (var handle = store.Files.Create(file))
            {
                store.Files.SetLength(handle, length);
            }

            await store.CommitBlobAsync(
                new StoredResource(new ResourceId((ulong)(i + 1) << 40), manifest, Retention.Kept), file);
        });
    }
}
