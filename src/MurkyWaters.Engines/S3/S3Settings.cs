namespace MurkyWaters.Engines.S3;

/// <summary>Which object store it is, and who asks.</summary>
public sealed record S3Settings
{
    /// <summary>The http or https address of the service, without the bucket.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The bucket, which is there.</summary>
    public required string Bucket { get; init; }

    /// <summary>What all names of objects begin with; empty, or ends with a slash.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Who asks.</summary>
    public required string AccessKey { get; init; }

    /// <summary>The secret with which requests are signed; goes nowhere else.</summary>
    public required string SecretKey { get; init; }

    /// <summary>The region that signatures name.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Until a request is given up that brings nothing.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes of the parts in which large objects are put, as long as those are few enough; at least 5 MiB, as S3 has it.</summary>
    public int PartBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Without the secret, wherever it is printed.</summary>
    public override string ToString() => $"{Endpoint.TrimEnd('/')}/{Bucket}/{Prefix}";
}
