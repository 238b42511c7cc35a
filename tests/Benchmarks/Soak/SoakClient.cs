using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Soak;

/// <summary>One client of the soak: asks for one thing after another, in all the ways there are, and compares every byte that comes
/// with the file, also those of an answer that breaks off.</summary>
internal sealed class SoakClient(Host host, string url, IReadOnlyList<SoakResource> resources, int seed, SoakCounts counts)
{
    private const double StuckSeconds = 120;

    // Twenty clients who never rest would be a test of the machine.
    private const double RestSecondsMax = 4;
    private readonly Random _random = new(seed);

    public async Task RunAsync(CancellationToken stop)
    {
        while (await RestAsync(stop))
        {
            var resource = resources[_random.Next(resources.Count)];
            var (offset, length) = (0L, resource.Length);
            var arguments = new List<string>();
            if (_random.Next(2) == 0)
            {
                arguments.AddRange(["-H", "Cache-Control: no-cache"]);
            }

            if (_random.Next(4) == 0)
            {
                offset = _random.NextInt64(resource.Length);
                length = 1 + _random.NextInt64(resource.Length - offset);
                arguments.AddRange(["-r", string.Create(CultureInfo.InvariantCulture, $"{offset}-{offset + length - 1}")]);
            }

            if (await GetAsync(resource, offset, length, arguments, stop) is { } outcome)
            {
                counts.Add(outcome);
            }
        }
    }

    private async Task<bool> RestAsync(CancellationToken stop)
    {
        await Task.Delay(
            TimeSpan.FromSeconds(_random.NextDouble() * RestSecondsMax), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stop.IsCancellationRequested;
    }

    private async Task<SoakOutcome?> GetAsync(
        SoakResource resource, long offset, long length, List<string> arguments, CancellationToken stop)
    {
        var limit = StuckSeconds.ToString(CultureInfo.InvariantCulture);
        await using var curl = ChildProcess.Start(
            host.Command(["curl", "-sSf", "-m", limit, .. arguments, url + resource.Id]), keepOutput: false);
        await using var file = new FileStream(resource.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        file.Position = offset;
        var actual = new byte[1 << 16];
        var expected = new byte[actual.Length];
        long bytes = 0;
        try
        {
            int count;
            while ((count = await curl.Output.ReadAsync(actual, stop)) > 0)
            {
                var known = await file.ReadAtLeastAsync(expected.AsMemory(0, count), count, throwOnEndOfStream: false, stop);
                if (!actual.AsSpan(0, count).SequenceEqual(expected.AsSpan(0, known)))
                {
                    return new SoakOutcome(SoakVerdict.WrongBytes, bytes, $"resource {resource.Id} from {offset}: wrong near byte {bytes}");
                }

                bytes += count;
            }

            var what = $"resource {resource.Id} from {offset}: {bytes} of {length} bytes";
            return await curl.WaitAsync(stop) switch
            {
                0 when bytes == length => new SoakOutcome(SoakVerdict.Whole, bytes, ""),
                0 => new SoakOutcome(SoakVerdict.WrongBytes, bytes, $"{what}, and no error"),
                28 => new SoakOutcome(SoakVerdict.Stuck, bytes, $"{what} in {StuckSeconds} s"),
                _ => new SoakOutcome(SoakVerdict.Failed, bytes, curl.Errors.Trim()),
            };
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}

/// <summary>A resource and the file that it is.</summary>
internal sealed record SoakResource(ulong Id, string Path, long Length);

/// <summary>How one request of the soak ended.</summary>
internal enum SoakVerdict
{
    /// <summary>All bytes, and right.</summary>
    Whole,

    /// <summary>Ended with an error that the client saw: allowed while servers are cut or restarted.</summary>
    Failed,

    /// <summary>Neither ended nor done in time.</summary>
    Stuck,

    /// <summary>A byte that is not the resource's, or too few bytes and no error.</summary>
    WrongBytes,
}

/// <summary>One request's end.</summary>
internal sealed record SoakOutcome(SoakVerdict Verdict, long Bytes, string Detail);

/// <summary>Counts the ends of requests; thread-safe.</summary>
internal sealed class SoakCounts
{
    private const int DetailCountMax = 10;
    private readonly Lock _gate = new();
    private readonly Dictionary<SoakVerdict, int> _counts = [];
    private readonly List<string> _details = [];
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>What some of the requests that were not whole said.</summary>
    public string[] Details
    {
        get
        {
            lock (_gate)
            {
                return [.. _details];
            }
        }
    }

    public int this[SoakVerdict verdict]
    {
        get
        {
            lock (_gate)
            {
                return _counts.GetValueOrDefault(verdict);
            }
        }
    }

    public void Add(SoakOutcome outcome)
    {
        lock (_gate)
        {
            _bytes += outcome.Bytes;
            _counts[outcome.Verdict] = _counts.GetValueOrDefault(outcome.Verdict) + 1;
            if (outcome.Verdict != SoakVerdict.Whole && (_details.Count < DetailCountMax || outcome.Verdict == SoakVerdict.WrongBytes))
            {
                _details.Add($"{outcome.Verdict}: {outcome.Detail}");
            }
        }
    }
}
