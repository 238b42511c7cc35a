using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using MurkyWaters.Backing;

namespace MurkyWaters.Engines.S3;

/// <summary>An object store that speaks S3, of AWS or another: addressed by path, for few others resolve buckets as host names, and without
/// the checksums that AWS alone knows. What is put is compared by the service with its MD5, and its answer with it here.
/// Thread-safe.</summary>
public sealed partial class S3BackEnd : IBlobBackEnd
{
    private const string DigestKey = "x-amz-meta-rain-digest";

    private readonly S3Settings _settings;
    private readonly AmazonS3Client _client;
    private readonly TimeProvider _time;
    private long _requests;
    private long _bytesPut;
    private long _bytesGot;

    /// <summary>Makes it; nothing is asked yet.</summary>
    /// <param name="settings">Which it is, and who asks.</param>
    /// <param name="time">The clock by which requests are given up.</param>
    public S3BackEnd(S3Settings settings, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(time);
        _settings = settings;
        _time = time;
        Name = settings.ToString();
        _client = new AmazonS3Client(
            new BasicAWSCredentials(settings.AccessKey, settings.SecretKey),
            new AmazonS3Config
            {
                ServiceURL = settings.Endpoint,
                AuthenticationRegion = settings.Region,
                ForcePathStyle = true,
                UseHttp = settings.Endpoint.StartsWith("http:", StringComparison.OrdinalIgnoreCase),
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,

                // Whoever asks knows what it is worth to try again, and when.
                MaxErrorRetry = 0,
                Timeout = Timeout.InfiniteTimeSpan,
                ConnectTimeout = TimeSpan.FromSeconds(Math.Min(5, settings.Patience.TotalSeconds)),
            });
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public BackEndTraffic Traffic =>
        new(Interlocked.Read(ref _requests), Interlocked.Read(ref _bytesPut), Interlocked.Read(ref _bytesGot));

    /// <inheritdoc/>
    public async Task<BackEndObject?> HeadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var found = await AskAsync(
                token => _client.GetObjectMetadataAsync(
                    new GetObjectMetadataRequest { BucketName = _settings.Bucket, Key = KeyOf(name) }, token),
                _settings.Patience, cancellationToken);
            return new BackEndObject(found.ContentLength, found.Metadata[DigestKey]);
        }
        catch (BackEndException error) when (error.Error == BackEndError.NotFound)
        {
            return null;
        }
        catch (BackEndException error) when (error.Error == BackEndError.Denied)
        {
            // An answer to HEAD has no body, and so no reason: another question is refused with one.
            await ListAsync("", 1, cancellationToken);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<BackEndDownload?> GetAsync(string name, long offset, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        try
        {
            var found = await AskAsync(
                token => _client.GetObjectAsync(
                    new GetObjectRequest
                    {
                        BucketName = _settings.Bucket,
                        Key = KeyOf(name),
                        ByteRange = new ByteRange(offset, offset + length - 1),
                    },
                    token),
                _settings.Patience, cancellationToken);
            return new S3Download(found, this);
        }
        catch (BackEndException error) when (error.Error == BackEndError.NotFound || error.InnerException is
            AmazonServiceException { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable })
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ListAsync(string prefix, int countMax, CancellationToken cancellationToken)
    {
        var found = await AskAsync(
            token => _client.ListObjectsV2Async(
                new ListObjectsV2Request { BucketName = _settings.Bucket, Prefix = KeyOf(prefix), MaxKeys = countMax }, token),
            _settings.Patience, cancellationToken);
        return [.. (found.S3Objects ?? []).Select(one => one.Key[_settings.Prefix.Length..])];
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) => AskAsync(
        token => _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _settings.Bucket, Key = KeyOf(name) }, token),
        _settings.Patience, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private string KeyOf(string name) => _settings.Prefix + name;

    /// <summary>Sends a request, and gives it up when it takes too long.</summary>
    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan limit, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        using var late = new CancellationTokenSource(limit, _time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await ask(over.Token);
        }
        catch (Exception error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw S3Errors.Of(error, _settings);
        }
    }

    private sealed class S3Download(GetObjectResponse response, S3BackEnd owner) : BackEndDownload
    {
        /// <inheritdoc/>
        public override long? ObjectLength { get; } =
            response.ContentRange is { } range && range.LastIndexOf('/') is var slash and >= 0
                && long.TryParse(range.AsSpan(slash + 1), System.Globalization.CultureInfo.InvariantCulture, out var whole)
                ? whole
                : response.HttpStatusCode == HttpStatusCode.OK ? response.ContentLength : null;

        /// <inheritdoc/>
        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            using var late = new CancellationTokenSource(owner._settings.Patience, owner._time);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            try
            {
                var count = await response.ResponseStream.ReadAsync(destination, over.Token);
                Interlocked.Add(ref owner._bytesGot, count);
                return count;
            }
            catch (Exception error)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw S3Errors.Of(error, owner._settings);
            }
        }

        /// <inheritdoc/>
        public override ValueTask DisposeAsync()
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
