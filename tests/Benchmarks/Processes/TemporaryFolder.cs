using System.Security.Cryptography;

namespace Benchmarks.Processes;

/// <summary>A folder for one benchmark, removed at its end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rain-bench-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file of random bytes, below a folder that is made; its SHA-256 in hex.</summary>
    public async Task<string> WriteFileAsync(string name, long length, int seed, CancellationToken cancellation)
    {
        var path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        var buffer = new byte[1 << 20];
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var left = length; left > 0;)
        {
            var count = (int)Math.Min(left, buffer.Length);
            random.NextBytes(buffer.AsSpan(0, count));
            hash.AppendData(buffer.AsSpan(0, count));
            await file.WriteAsync(buffer.AsMemory(0, count), cancellation);
            left -= count;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
