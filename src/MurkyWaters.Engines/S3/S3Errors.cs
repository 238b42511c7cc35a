using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using MurkyWaters.Backing;

namespace MurkyWaters.Engines.S3;

/// <summary>What errors of the client and the service come to.</summary>
internal static class S3Errors
{
    /// <summary>Errors by which the service says that it does not want who asks, or what is asked for, whatever the object.</summary>
    private static readonly HashSet<string> Denials = new(StringComparer.Ordinal)
    {
        "AccessDenied", "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken", "InvalidAccessKeyId",
        "InvalidBucketName", "InvalidSecurity", "InvalidToken", "NoSuchBucket", "PermanentRedirect", "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    };

    /// <summary>An error as the node knows it. Its message names the store and what the service said, and no secret.</summary>
    public static BackEndException Of(Exception error, S3Settings settings)
    {
        switch (error)
        {
            case BackEndException already:
                return already;
            case AmazonServiceException { ErrorCode: { } code } service when Denials.Contains(code):
                return new BackEndException(BackEndError.Denied, $"{settings} refuses: {Describe(code, service, settings)}", error);
            case AmazonServiceException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } service:
                return new BackEndException(
                    BackEndError.Denied, $"{settings} refuses: {Describe(service.ErrorCode, service, settings)}", error);
            case AmazonServiceException { StatusCode: HttpStatusCode.NotFound }:
                return new BackEndException(BackEndError.NotFound, $"{settings} has no such object.", error);
            case AmazonServiceException service when (int)service.StatusCode is >= 500 or 429:
                return new BackEndException(
                    BackEndError.Unreachable, $"{settings} cannot serve: {(int)service.StatusCode} {service.ErrorCode}.", error);
            case AmazonServiceException service when (int)service.StatusCode is >= 400:
                return new BackEndException(
                    BackEndError.Other, $"{settings} answers {(int)service.StatusCode} {service.ErrorCode}: {service.Message}", error);
            default:
                return new BackEndException(
                    BackEndError.Unreachable, $"{settings} does not answer: {Innermost(error)}", error);
        }
    }

    private static string Describe(string? code, AmazonServiceException error, S3Settings settings) => code switch
    {
        "NoSuchBucket" => $"there is no bucket {settings.Bucket} (Store:S3:Bucket).",
        "InvalidAccessKeyId" => $"it does not know the key {settings.AccessKey} (Store:S3:AccessKey).",
        "SignatureDoesNotMatch" => $"the secret of the key {settings.AccessKey} is another (Store:S3:SecretKey).",
        "RequestTimeTooSkewed" => "the clock of this machine is too far from its own.",
        "AccessDenied" => $"the key {settings.AccessKey} may not use the bucket {settings.Bucket}.",
        { Length: > 0 } when code != "Forbidden" => $"{code} {error.Message}".Trim(),
        _ => $"{(int)error.StatusCode}, without a reason; are Store:S3:AccessKey, Store:S3:SecretKey and Store:S3:Bucket right?",
    };

    private static string Innermost(Exception error)
    {
        while (error is not SocketException && error.InnerException is { } inner)
        {
            error = inner;
        }

        return error is OperationCanceledException ? "it has not answered in time." : error.Message;
    }
}
