using System.Globalization;
using System.Net.Mime;
using System.Text.Json.Nodes;
using Gateway.Access;
using Gateway.Http;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Describes the problems that endpoints declare, each with its example, and those that middleware may answer anywhere.</summary>
internal static class ProblemAnswers
{
    /// <summary>What the schema of problem documents is called.</summary>
    public const string Schema = "Problem";

    /// <summary>Declares an example of every kind of problem that an operation may answer, for operations to refer to.</summary>
    public static Task AddExamplesAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        // A malformed request and a wrong method are answered before there is an operation.
        var types = ProblemType.All.Where(type => type != ProblemType.BadRequest && type != ProblemType.MethodNotAllowed);
        document.Components ??= new OpenApiComponents();
        document.Components.Examples = types.ToDictionary(
            type => type.Name, IOpenApiExample (type) => new OpenApiExample { Summary = type.Title, Value = ExampleOf(type) });
        return Task.CompletedTask;
    }

    /// <summary>Completes an operation.</summary>
    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var isHead = HttpMethods.IsHead(context.Description.HttpMethod ?? "");
        var declared = metadata.OfType<ProblemType>().Concat(OfMiddleware(context.Description));
        var answers = operation.Responses ??= [];
        foreach (var types in declared.Distinct().GroupBy(type => type.Status.ToString(CultureInfo.InvariantCulture)))
        {
            answers.Remove(types.Key);
            answers.Add(types.Key, new OpenApiResponse
            {
                Description = string.Join("; or: ", types.Select(type => type.Title)),
                Content = isHead ? null : new Dictionary<string, OpenApiMediaType>
                {
                    [MediaTypeNames.Application.ProblemJson] = new()
                    {
                        Schema = new OpenApiSchemaReference(Schema, context.Document),
                        Examples = types.ToDictionary(
                            type => type.Name, IOpenApiExample (type) => new OpenApiExampleReference(type.Name, context.Document)),
                    },
                },
            });
        }

        // Responses keep the order in which they were added.
        var sorted = answers.OrderBy(answer => answer.Key, StringComparer.Ordinal).ToList();
        answers.Clear();
        sorted.ForEach(answer => answers.Add(answer.Key, answer.Value));
        return Task.CompletedTask;
    }

    /// <summary>What the checks of framing, host names, keys, limits, readiness and other origins'
    /// pages answer before the endpoint is asked.</summary>
    private static IEnumerable<ProblemType> OfMiddleware(ApiDescription api)
    {
        var method = api.HttpMethod ?? "";
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
        {
            yield return ProblemType.CrossSite;
            yield return ProblemType.UnknownTransferCoding;
        }

        yield return ProblemType.Misdirected;
        yield return ProblemType.TooManyRequests;
        yield return ProblemType.Internal;
        if (!Limits.IsOperational($"/{api.RelativePath}"))
        {
            yield return ProblemType.Overloaded;
        }

        if (Keys.AreRequired(api.ActionDescriptor.EndpointMetadata))
        {
            yield return ProblemType.Unauthorized;
        }

        if (Keys.IsNodeNeeded(api.ActionDescriptor.EndpointMetadata))
        {
            yield return ProblemType.Unavailable;
        }
    }

    private static JsonObject ExampleOf(ProblemType type)
    {
        var document = new JsonObject
        {
            ["type"] = type.Uri,
            ["title"] = type.Title,
            ["status"] = type.Status,
            ["detail"] = "What exactly was wrong, in a sentence.",
            ["instance"] = "/resources/42",
            ["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736",
            ["retryable"] = type.IsRetryable,
        };
        if (type == ProblemType.MismatchingUploadOffset)
        {
            (document["expected-offset"], document["provided-offset"]) = (16777216, 0);
        }

        if (type == ProblemType.IntegrityFailure || type == ProblemType.RetrievalTimeout)
        {
            document["sources"] = new JsonArray(new JsonObject
            {
                ["endpoint"] = "127.0.0.1:1980",
                ["state"] = type == ProblemType.IntegrityFailure ? "lied" : "asked",
                ["droplets"] = 0,
                ["loss"] = 0,
                ["rttMs"] = null,
                ["lastSeen"] = null,
            });
        }

        return document;
    }
}
